import { setTimeout as sleep } from "node:timers/promises";
import type { DropReason } from "../../contract/ledger.ts";
import { PoisonSearch } from "./poison-search.ts";
import { PublisherHealth } from "./publisher-health.ts";
import {
  QueueMeter,
  type PublisherReports,
  type QueuedEvent,
  type RealtimePublisher,
} from "./queued-event.ts";
import { RealtimePost, type PostOutcome } from "./realtime-post.ts";
import { RetryGate, type BackOff } from "./retry-gate.ts";

/**
 * Each partition has one POST at a time, which keeps the order of a session. Several partitions
 * keep sessions from waiting for each other.
 */
const PARTITIONS = 8;
/** The batch size that realtime-js and Supabase's limits assume; a project's limit can be lower. */
const MAX_BATCH = 100;
/** Well below the 8 MB that the server's body parser accepts. */
const MAX_POST_BYTES = 1_000_000;
const PROBE_EVERY_MS = 1000;

const AFTER_OUTAGE: BackOff = { firstMs: 100, capMs: 2000 };
/** The server updates its counters every five seconds (supabase/realtime, `RateCounter`). */
const AFTER_QUOTA: BackOff = { firstMs: 500, capMs: 5000 };
/** Only another key or another server helps, not a retry. */
const AFTER_REJECTION: BackOff = { firstMs: 10_000, capMs: 30_000 };

interface QueuePartition {
  waiting: QueuedEvent[];
  busy: boolean;
  batch: number;
  readonly poison: PoisonSearch;
}

export interface RealtimeHttpPublisherOptions extends PublisherReports {
  url: string;
  key: string;
  queueBytes: number;
  onStatus: (status: string) => void;
}

/**
 * Publishes over the HTTP API. An idle partition sends at once; events that arrive during a POST go
 * with the next one. A failed batch is sent again, so Realtime can get an event twice. Clients drop
 * duplicates by event id.
 */
export class RealtimeHttpPublisher implements RealtimePublisher {
  readonly settled: Promise<void>;
  readonly #onDrop: PublisherReports["onDrop"];
  readonly #post: RealtimePost;
  readonly #partitions: QueuePartition[] = Array.from({ length: PARTITIONS }, () => ({
    waiting: [],
    busy: false,
    batch: MAX_BATCH,
    poison: new PoisonSearch(),
  }));
  readonly #retryGate = new RetryGate();
  readonly #health: PublisherHealth;
  readonly #queue: QueueMeter;
  readonly #stopped = new AbortController();
  #acceptedBatches = 0;
  /** What last blocked the queue: the reason if it is full. */
  #trouble: DropReason = "outage";
  /** True once a publication has shown whether Realtime is there. */
  #hasOutcome = false;

  constructor(options: RealtimeHttpPublisherOptions) {
    this.#onDrop = options.onDrop;
    this.#health = new PublisherHealth(options.onState);
    this.#queue = new QueueMeter(options.queueBytes, options.onQueue);
    this.#post = new RealtimePost({ ...options, connections: PARTITIONS });
    this.settled = this.#probe();
  }

  send(event: QueuedEvent): void {
    if (this.#isStopped() || !this.#queue.add(event)) {
      this.#onDrop(event.event, this.#trouble);
      return;
    }
    const partition = this.#partitionOf(event.event.sessionId);
    partition.waiting.push(event);
    if (partition.busy) return;
    partition.busy = true;
    // Events of the same turn of the event loop go with it.
    queueMicrotask(() => void this.#work(partition));
  }

  async shutdown(): Promise<void> {
    this.#retryGate.retryNow();
    await this.#queue.flushed();
    this.#stopped.abort();
    // The outcome of a POST that is under way stays unknown.
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
      const answer = await this.#post.broadcast(batch.map((event) => event.httpMessage));
      const outcome = await this.#judge(partition, batch, answer);
      if (this.#isStopped()) return;
      this.#settle(partition, batch, outcome, attempt);
    }
    partition.busy = false;
  }

  /** Tells a message that the server cannot take from a server that takes none. */
  async #judge(
    { poison }: QueuePartition,
    batch: readonly QueuedEvent[],
    outcome: PostOutcome,
  ): Promise<PostOutcome> {
    if (outcome.kind === "unreadable") {
      const ping = await this.#post.ping();
      return ping.kind === "accepted" ? { kind: "refused", places: [] } : ping;
    }
    if (outcome.kind !== "outage" || outcome.answered !== true || batch.length > 1) return outcome;
    const verdict = poison.verdict(this.#acceptedBatches);
    const isRefused =
      verdict === "ask" ? (await this.#post.ping()).kind === "accepted" : verdict === "refused";
    return isRefused ? { kind: "refused", places: [] } : outcome;
  }

  #settle(
    partition: QueuePartition,
    batch: QueuedEvent[],
    outcome: PostOutcome,
    attempt: number,
  ): void {
    this.#hasOutcome = true;
    switch (outcome.kind) {
      case "accepted":
        this.#acceptedBatches++;
        partition.poison.accepted();
        partition.batch = Math.min(MAX_BATCH, partition.batch * 2);
        this.#reached(attempt);
        this.#remove(partition, batch);
        return;
      case "outage":
        this.#trouble = "outage";
        this.#health.down(outcome.reason);
        this.#retryGate.failed(attempt, AFTER_OUTAGE);
        if (outcome.answered === true)
          partition.batch = partition.poison.failed(batch.length, this.#acceptedBatches);
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
        else
          this.#shrink(partition, attempt, Math.min(outcome.room ?? MAX_BATCH, batch.length / 2));
        return;
      case "too-large":
      case "unreadable":
        this.#refused(partition, batch, [], attempt);
        return;
      case "refused":
        this.#refused(partition, batch, outcome.places, attempt);
    }
  }

  #refused(
    partition: QueuePartition,
    batch: QueuedEvent[],
    places: number[],
    attempt: number,
  ): void {
    const named = places.flatMap((place) => batch[place] ?? []);
    const refused = batch.length === 1 ? batch : named;
    // The answer names no message: smaller batches find it.
    if (refused.length === 0) this.#shrink(partition, attempt, batch.length / 2);
    else this.#reached(attempt);
    partition.poison.accepted();
    this.#drop(partition, refused, "refused");
  }

  #overQuota(attempt: number, waitMs?: number): void {
    this.#trouble = "quota";
    this.#health.limited(this.#partitions.flatMap(({ waiting }) => waiting));
    this.#retryGate.failed(attempt, AFTER_QUOTA, waitMs);
  }

  #shrink(partition: QueuePartition, attempt: number, batch: number): void {
    partition.batch = Math.max(1, Math.floor(batch));
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
      if (length === partition.batch || (length > 0 && bytes > MAX_POST_BYTES)) break;
      length++;
    }
    return partition.waiting.slice(0, length);
  }

  #drop(partition: QueuePartition, events: QueuedEvent[], reason: DropReason): void {
    for (const { event } of events) this.#onDrop(event, reason);
    this.#remove(partition, events);
  }

  #remove(partition: QueuePartition, events: QueuedEvent[]): void {
    if (events.length === 0) return;
    const gone = new Set(events);
    partition.waiting = partition.waiting.filter((event) => !gone.has(event));
    this.#queue.remove(gone);
    this.#health.gone(gone);
  }

  #partitionOf(sessionId: string): QueuePartition {
    let hash = 0;
    for (let at = 0; at < sessionId.length; at++)
      hash = (Math.imul(hash, 31) + sessionId.charCodeAt(at)) | 0;
    return this.#partitions[(hash >>> 0) % PARTITIONS] as QueuePartition;
  }

  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Runs until the first publication: an instance that has not published yet has a broker too. */
  async #probe(): Promise<void> {
    const { signal } = this.#stopped;
    const outcome = await this.#post.ping();
    // A successful probe says nothing about a server that refuses events or a running back-off.
    if (this.#hasOutcome || signal.aborted) return;
    if (outcome.kind === "accepted") {
      this.#health.reached();
      return;
    }
    const reason = "reason" in outcome ? outcome.reason : `the probe's outcome was ${outcome.kind}`;
    this.#health.down(reason);
    sleep(PROBE_EVERY_MS, undefined, { signal, ref: false }).then(
      async () => this.#probe(),
      () => {},
    );
  }
}
