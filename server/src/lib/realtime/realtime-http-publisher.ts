import { setTimeout as sleep } from "node:timers/promises";
import type { DropReason } from "../../contract/ledger.ts";
import { withTimeout } from "../../../../common/with-timeout.ts";
import type { QueuedEvent, PublisherReports, RealtimePublisher } from "./queued-event.ts";
import { RetryGate, type BackOff } from "./retry-gate.ts";
import { PublisherHealth } from "./publisher-health.ts";
import { RealtimePost, type PostOutcome } from "./realtime-post.ts";

/** One POST at a time in each, so that the order of a session is kept; several, so that sessions do not wait for each other. */
const PARTITIONS = 8;
/** What realtime-js and Supabase's own limits are made for; `max_events_per_second` may be below it. */
const MAX_BATCH = 100;
/** Well below the 8 MB that the server's body parser takes. */
const MAX_POST_BYTES = 1_000_000;
/** What the queue gets at the end. */
export const FLUSH_MS = 2000;
const PROBE_EVERY_MS = 1000;

const AFTER_OUTAGE: BackOff = { firstMs: 100, capMs: 2000 };
/** The server's own counters move every five seconds (supabase/realtime, `RateCounter`). */
const AFTER_QUOTA: BackOff = { firstMs: 500, capMs: 5000 };
/** Trying cannot help, only a restart with another key or another server can. */
const AFTER_REJECTION: BackOff = { firstMs: 10_000, capMs: 30_000 };

interface QueuePartition {
  waiting: QueuedEvent[];
  busy: boolean;
}

export interface RealtimeHttpPublisherOptions extends PublisherReports {
  url: string;
  key: string;
  queueBytes: number;
  onStatus: (status: string) => void;
}

/**
 * Publishes by the HTTP API. An idle partition sends at once; what comes while a POST is under way goes with the next one. A batch that did not
 * get through is sent again, so Realtime may get an event twice: clients drop what they know by its id.
 */
export class RealtimeHttpPublisher implements RealtimePublisher {
  readonly settled: Promise<void>;
  readonly #options: RealtimeHttpPublisherOptions;
  readonly #post: RealtimePost;
  readonly #partitions: QueuePartition[] = Array.from({ length: PARTITIONS }, () => ({
    waiting: [],
    busy: false,
  }));
  readonly #retryGate = new RetryGate();
  readonly #health: PublisherHealth;
  readonly #stopped = new AbortController();
  #events = 0;
  #bytes = 0;
  #batch = MAX_BATCH;
  /** What was last in the way of the queue: why it is full when it is. */
  #trouble: DropReason = "outage";
  /** A publication has told whether Realtime is there. */
  #hasTold = false;
  #whenEmpty: (() => void) | undefined;

  constructor(options: RealtimeHttpPublisherOptions) {
    this.#options = options;
    this.#health = new PublisherHealth(options.onState);
    this.#post = new RealtimePost({ ...options, connections: PARTITIONS });
    this.settled = this.#probe();
  }

  send(event: QueuedEvent): void {
    if (this.#isStopped() || this.#bytes + event.bytes > this.#options.queueBytes) {
      this.#options.onDrop(event.event, this.#trouble);
      return;
    }
    this.#count(1, event.bytes);
    const partition = this.#partitionOf(event.event.sessionId);
    partition.waiting.push(event);
    if (partition.busy) return;
    partition.busy = true;
    // What the same turn of the event loop publishes goes with it.
    queueMicrotask(() => void this.#work(partition));
  }

  async shutdown(): Promise<void> {
    this.#retryGate.retryNow();
    if (this.#events > 0)
      await withTimeout(FLUSH_MS, new Promise<void>((resolve) => (this.#whenEmpty = resolve)));
    this.#stopped.abort();
    // One of them may be on its way: whether it arrives, nobody here will know.
    const reason = this.#health.isLimited ? "quota" : "outage";
    for (const partition of this.#partitions) this.#drop(partition, partition.waiting, reason);
    this.#post.close();
  }

  async #work(partition: QueuePartition): Promise<void> {
    while (partition.waiting.length > 0 && !this.#isStopped()) {
      const turn = this.#retryGate.waitTurn();
      if (turn !== undefined) await turn;
      if (this.#isStopped()) return;
      const batch = this.#nextBatch(partition);
      const { attempt } = this.#retryGate;
      const messages = batch.map((event) => event.httpMessage);
      const outcome = await this.#post.broadcast(messages);
      if (this.#isStopped()) return;
      this.#settle(partition, batch, outcome, attempt);
    }
    partition.busy = false;
  }

  #settle(partition: QueuePartition, batch: QueuedEvent[], outcome: PostOutcome, attempt: number): void {
    this.#hasTold = true;
    switch (outcome.kind) {
      case "accepted":
        this.#batch = Math.min(MAX_BATCH, this.#batch * 2);
        this.#reached(attempt);
        this.#remove(partition, batch);
        return;
      case "outage":
        this.#trouble = "outage";
        this.#health.down(outcome.reason);
        this.#retryGate.failed(attempt, AFTER_OUTAGE);
        return;
      case "rejected":
        this.#trouble = "outage";
        this.#health.rejected(outcome.reason);
        this.#retryGate.failed(attempt, AFTER_REJECTION);
        return;
      case "quota":
        this.#overQuota(attempt, outcome.waitMs);
        return;
      case "too-many":
        if (batch.length === 1) this.#overQuota(attempt);
        else this.#shrink(attempt, Math.min(outcome.room ?? MAX_BATCH, batch.length / 2));
        return;
      case "too-large":
      case "refused":
        this.#refused(partition, batch, outcome.kind === "refused" ? outcome.places : [], attempt);
    }
  }

  #refused(partition: QueuePartition, batch: QueuedEvent[], places: number[], attempt: number): void {
    const named = places.flatMap((place) => batch[place] ?? []);
    const refused = batch.length === 1 ? batch : named;
    // Nobody named: smaller batches find it.
    if (refused.length === 0) this.#shrink(attempt, batch.length / 2);
    else this.#reached(attempt);
    this.#drop(partition, refused, "refused");
  }

  #overQuota(attempt: number, waitMs?: number): void {
    this.#trouble = "quota";
    this.#health.limited(this.#partitions.flatMap(({ waiting }) => waiting));
    this.#retryGate.failed(attempt, AFTER_QUOTA, waitMs);
  }

  #shrink(attempt: number, batch: number): void {
    this.#batch = Math.max(1, Math.floor(batch));
    this.#reached(attempt);
  }

  #reached(attempt: number): void {
    this.#health.reached();
    this.#retryGate.succeeded(attempt);
  }

  #nextBatch(partition: QueuePartition): QueuedEvent[] {
    let bytes = 0;
    let length = 0;
    for (const event of partition.waiting) {
      bytes += event.bytes;
      if (length === this.#batch || (length > 0 && bytes > MAX_POST_BYTES)) break;
      length++;
    }
    return partition.waiting.slice(0, length);
  }

  #drop(partition: QueuePartition, events: QueuedEvent[], reason: DropReason): void {
    for (const { event } of events) this.#options.onDrop(event, reason);
    this.#remove(partition, events);
  }

  #remove(partition: QueuePartition, events: QueuedEvent[]): void {
    if (events.length === 0) return;
    const gone = new Set(events);
    partition.waiting = partition.waiting.filter((event) => !gone.has(event));
    this.#count(-gone.size, -events.reduce((sum, { bytes }) => sum + bytes, 0));
    this.#health.gone(gone);
  }

  #count(events: number, bytes: number): void {
    this.#events += events;
    this.#bytes += bytes;
    this.#options.onQueue(this.#events, this.#bytes);
    if (this.#events === 0) this.#whenEmpty?.();
  }

  #partitionOf(sessionId: string): QueuePartition {
    let hash = 0;
    for (let at = 0; at < sessionId.length; at++) hash = (Math.imul(hash, 31) + sessionId.charCodeAt(at)) | 0;
    return this.#partitions[(hash >>> 0) % PARTITIONS] as QueuePartition;
  }

  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Until the first publication tells: an instance that has published nothing yet is not one without a broker. */
  async #probe(): Promise<void> {
    const { signal } = this.#stopped;
    const outcome = await this.#post.ping();
    // That it answers a probe is no news of a server that refuses, or of events that sit a back-off out.
    if (this.#hasTold || signal.aborted) return;
    if (outcome.kind === "accepted") {
      this.#health.reached();
      return;
    }
    this.#health.down("reason" in outcome ? outcome.reason : `the probe was answered by ${outcome.kind}`);
    sleep(PROBE_EVERY_MS, undefined, { signal, ref: false }).then(
      async () => this.#probe(),
      () => {},
    );
  }
}
