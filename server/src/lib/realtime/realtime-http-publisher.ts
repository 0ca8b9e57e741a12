import { setTimeout as sleep } from "node:timers/promises";
import type { DropReason } from "../../contract/ledger.ts";
import { within } from "../../../../common/with-timeout.ts";
import type { Outgoing, PublisherReports, RealtimePublisher } from "./queued-event.ts";
import { PublishingPause, type BackOff } from "./retry-gate.ts";
import { PublishingState } from "./publisher-health.ts";
import { RealtimePost, type PostOutcome } from "./realtime-post.ts";

/** One POST at a time in each, so that the order of a session is kept; several, so that sessions do not wait for each other. */
const LANES = 8;
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

interface Lane {
  waiting: Outgoing[];
  busy: boolean;
}

export interface RealtimeHttpPublisherOptions extends PublisherReports {
  url: string;
  key: string;
  queueBytes: number;
  onStatus: (status: string) => void;
}

/**
 * Publishes by the HTTP API. An idle lane sends at once; what comes while a POST is under way goes with the next one. A batch that did not
 * get through is sent again, so Realtime may get an event twice: clients drop what they know by its id.
 */
export class RealtimeHttpPublisher implements RealtimePublisher {
  readonly settled: Promise<void>;
  readonly #options: RealtimeHttpPublisherOptions;
  readonly #post: RealtimePost;
  readonly #lanes: Lane[] = Array.from({ length: LANES }, () => ({ waiting: [], busy: false }));
  readonly #pause = new PublishingPause();
  readonly #state: PublishingState;
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
    this.#state = new PublishingState(options.onState);
    this.#post = new RealtimePost({ ...options, connections: LANES });
    this.settled = this.#probe();
  }

  send(event: Outgoing): void {
    if (this.#isStopped() || this.#bytes + event.bytes > this.#options.queueBytes) {
      this.#options.onDrop(event.event, this.#trouble);
      return;
    }
    this.#count(1, event.bytes);
    const lane = this.#laneOf(event.event.sessionId);
    lane.waiting.push(event);
    if (lane.busy) return;
    lane.busy = true;
    // What the same turn of the event loop publishes goes with it.
    queueMicrotask(() => void this.#work(lane));
  }

  async shutdown(): Promise<void> {
    this.#pause.hurry();
    if (this.#events > 0) await within(FLUSH_MS, new Promise<void>((resolve) => (this.#whenEmpty = resolve)));
    this.#stopped.abort();
    // One of them may be on its way: whether it arrives, nobody here will know.
    const reason = this.#state.isLimited ? "quota" : "outage";
    for (const lane of this.#lanes) this.#drop(lane, lane.waiting, reason);
    this.#post.close();
  }

  async #work(lane: Lane): Promise<void> {
    while (lane.waiting.length > 0 && !this.#isStopped()) {
      const turn = this.#pause.turn();
      if (turn !== undefined) await turn;
      if (this.#isStopped()) return;
      const batch = this.#nextBatch(lane);
      const { attempt } = this.#pause;
      const messages = batch.map((event) => event.httpMessage);
      const outcome = await this.#post.broadcast(messages);
      if (this.#isStopped()) return;
      this.#settle(lane, batch, outcome, attempt);
    }
    lane.busy = false;
  }

  #settle(lane: Lane, batch: Outgoing[], outcome: PostOutcome, attempt: number): void {
    this.#hasTold = true;
    switch (outcome.kind) {
      case "accepted":
        this.#batch = Math.min(MAX_BATCH, this.#batch * 2);
        this.#reached(attempt);
        this.#remove(lane, batch);
        return;
      case "outage":
        this.#trouble = "outage";
        this.#state.down(outcome.reason);
        this.#pause.failed(attempt, AFTER_OUTAGE);
        return;
      case "rejected":
        this.#trouble = "outage";
        this.#state.rejected(outcome.reason);
        this.#pause.failed(attempt, AFTER_REJECTION);
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
        this.#refused(lane, batch, outcome.kind === "refused" ? outcome.places : [], attempt);
    }
  }

  #refused(lane: Lane, batch: Outgoing[], places: number[], attempt: number): void {
    const named = places.flatMap((place) => batch[place] ?? []);
    const refused = batch.length === 1 ? batch : named;
    // Nobody named: smaller batches find it.
    if (refused.length === 0) this.#shrink(attempt, batch.length / 2);
    else this.#reached(attempt);
    this.#drop(lane, refused, "refused");
  }

  #overQuota(attempt: number, waitMs?: number): void {
    this.#trouble = "quota";
    this.#state.limited(this.#lanes.flatMap(({ waiting }) => waiting));
    this.#pause.failed(attempt, AFTER_QUOTA, waitMs);
  }

  #shrink(attempt: number, batch: number): void {
    this.#batch = Math.max(1, Math.floor(batch));
    this.#reached(attempt);
  }

  #reached(attempt: number): void {
    this.#state.reached();
    this.#pause.succeeded(attempt);
  }

  #nextBatch(lane: Lane): Outgoing[] {
    let bytes = 0;
    let length = 0;
    for (const event of lane.waiting) {
      bytes += event.bytes;
      if (length === this.#batch || (length > 0 && bytes > MAX_POST_BYTES)) break;
      length++;
    }
    return lane.waiting.slice(0, length);
  }

  #drop(lane: Lane, events: Outgoing[], reason: DropReason): void {
    for (const { event } of events) this.#options.onDrop(event, reason);
    this.#remove(lane, events);
  }

  #remove(lane: Lane, events: Outgoing[]): void {
    if (events.length === 0) return;
    const gone = new Set(events);
    lane.waiting = lane.waiting.filter((event) => !gone.has(event));
    this.#count(-gone.size, -events.reduce((sum, { bytes }) => sum + bytes, 0));
    this.#state.gone(gone);
  }

  #count(events: number, bytes: number): void {
    this.#events += events;
    this.#bytes += bytes;
    this.#options.onQueue(this.#events, this.#bytes);
    if (this.#events === 0) this.#whenEmpty?.();
  }

  #laneOf(sessionId: string): Lane {
    let hash = 0;
    for (let at = 0; at < sessionId.length; at++) hash = (Math.imul(hash, 31) + sessionId.charCodeAt(at)) | 0;
    return this.#lanes[(hash >>> 0) % LANES] as Lane;
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
      this.#state.reached();
      return;
    }
    this.#state.down("reason" in outcome ? outcome.reason : `the probe was answered by ${outcome.kind}`);
    sleep(PROBE_EVERY_MS, undefined, { signal, ref: false }).then(
      async () => this.#probe(),
      () => {},
    );
  }
}
