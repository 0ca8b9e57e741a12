import type { PipelineSSEEvent } from "../../contract/events.ts";
import { eventJson } from "../streams/sse-frame.ts";
import type { AppendOutcome, MissingEvents } from "./session-log.ts";

/** One append is bounded, because Redis serves no other session meanwhile. */
const EVENTS_PER_APPEND = 64;
const BYTES_PER_APPEND = 65_536;
/** The wait before a refused append is tried again while Redis answers. */
const RETRY_MS = 200;

export interface AppendQueueOptions {
  append: (
    sessionId: string,
    events: readonly PipelineSSEEvent[],
    fence: string,
    lost: MissingEvents | undefined,
  ) => Promise<AppendOutcome>;
  /** Bound of all waiting events, bytes of JSON. The newest event of a session is always kept. */
  maxBytes: number;
  /** Called once for each event, before Redis can have it. */
  onSend: (event: PipelineSSEEvent) => void;
  /** Called for each event that will never be in the log. */
  onDrop: (event: PipelineSSEEvent, reason: "outage" | "fenced") => void;
  /** Called when another process has taken over the session's pipeline. */
  onFenced: (sessionId: string, fence: string) => void;
  /** Called when Redis no longer knows that this process owns the session's pipeline. */
  onForgotten: (sessionId: string) => void;
  onFailure: (error: unknown) => void;
}

interface Waiting {
  event: PipelineSSEEvent;
  /** The run's fencing token; "" outside of a run. */
  fence: string;
  bytes: number;
  sent: boolean;
}

interface Lane {
  waiting: Waiting[];
  /** The number of events at the start that an append is under way with. */
  inFlight: number;
  lost: MissingEvents | undefined;
  retry: NodeJS.Timeout | undefined;
}

/**
 * Appends events to their session's log in the order of publication, one append at a time for each
 * session. If an append fails, its events stay first and are sent again: the log skips those that
 * it has. While Redis is away the events wait, up to a bound, and then the oldest are dropped.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  readonly #lanes = new Map<string, Lane>();
  #bytes = 0;
  #whenEmpty: (() => void)[] = [];

  constructor(options: AppendQueueOptions) {
    this.#options = options;
  }

  push(sessionId: string, event: PipelineSSEEvent, fence: string): void {
    const lane = this.#lane(sessionId);
    const bytes = eventJson(event).length;
    lane.waiting.push({ event, fence, bytes, sent: false });
    this.#bytes += bytes;
    this.#makeRoom(lane);
    if (lane.inFlight === 0 && lane.retry === undefined) void this.#send(sessionId, lane);
  }

  /** Sends again what waits. Call it when Redis is back. */
  resume(): void {
    for (const [sessionId, lane] of this.#lanes) {
      if (lane.inFlight > 0) continue;
      clearTimeout(lane.retry);
      void this.#send(sessionId, lane);
    }
  }

  /** Resolves when nothing waits. */
  async empty(): Promise<void> {
    if (this.#lanes.size === 0) return;
    await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Drops what waits. */
  close(): void {
    for (const [sessionId, lane] of this.#lanes) {
      clearTimeout(lane.retry);
      lane.inFlight = 0;
      for (const { event, fence } of lane.waiting.splice(0))
        // The next owner of a run produces its events again.
        if (fence === "") this.#options.onDrop(event, "outage");
      this.#lanes.delete(sessionId);
    }
    this.#bytes = 0;
  }

  #lane(sessionId: string): Lane {
    let lane = this.#lanes.get(sessionId);
    if (lane === undefined) {
      lane = { waiting: [], inFlight: 0, lost: undefined, retry: undefined };
      this.#lanes.set(sessionId, lane);
    }
    return lane;
  }

  async #send(sessionId: string, lane: Lane): Promise<void> {
    lane.retry = undefined;
    const batch = nextBatch(lane.waiting);
    const [first] = batch;
    if (first === undefined) {
      this.#forget(sessionId, lane);
      return;
    }
    lane.inFlight = batch.length;
    for (const item of batch) {
      if (!item.sent) this.#options.onSend(item.event);
      item.sent = true;
    }
    const { lost } = lane;
    try {
      const events = batch.map(({ event }) => event);
      const outcome = await this.#options.append(sessionId, events, first.fence, lost);
      if (this.#lanes.get(sessionId) !== lane) return;
      if (lane.lost === lost) lane.lost = undefined;
      if (outcome === "fenced") this.#dropFenced(sessionId, lane, first.fence);
      else this.#remove(lane, batch.length);
      if (outcome === "forgotten") this.#options.onForgotten(sessionId);
      lane.inFlight = 0;
      await this.#send(sessionId, lane);
    } catch (error) {
      lane.inFlight = 0;
      if (this.#lanes.get(sessionId) !== lane) return;
      this.#options.onFailure(error);
      lane.retry = setTimeout(() => void this.#send(sessionId, lane), RETRY_MS);
      lane.retry.unref();
    }
  }

  #dropFenced(sessionId: string, lane: Lane, fence: string): void {
    const kept: Waiting[] = [];
    for (const item of lane.waiting) {
      if (item.fence !== fence) kept.push(item);
      else {
        this.#bytes -= item.bytes;
        if (item.sent) this.#options.onDrop(item.event, "fenced");
      }
    }
    lane.waiting = kept;
    this.#options.onFenced(sessionId, fence);
  }

  #makeRoom(lane: Lane): void {
    while (this.#bytes > this.#options.maxBytes && lane.waiting.length > lane.inFlight + 1) {
      const [dropped] = lane.waiting.splice(lane.inFlight, 1);
      if (dropped === undefined) return;
      const { event } = dropped;
      this.#bytes -= dropped.bytes;
      if (!dropped.sent) this.#options.onSend(event);
      this.#options.onDrop(event, "outage");
      // A jump in a run's numbers shows itself; the numbers of other events have gaps anyway.
      if (event.total === 0)
        lane.lost = { epoch: event.epoch, from: lane.lost?.from ?? event.seq, to: event.seq };
    }
  }

  #remove(lane: Lane, count: number): void {
    for (const { bytes } of lane.waiting.splice(0, count)) this.#bytes -= bytes;
  }

  #forget(sessionId: string, lane: Lane): void {
    if (this.#lanes.get(sessionId) === lane) this.#lanes.delete(sessionId);
    if (this.#lanes.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}

/** The first events with one fencing token. */
function nextBatch(waiting: readonly Waiting[]): Waiting[] {
  const batch: Waiting[] = [];
  let bytes = 0;
  for (const item of waiting) {
    bytes += item.bytes;
    const isFull = batch.length === EVENTS_PER_APPEND || bytes > BYTES_PER_APPEND;
    if (batch.length > 0 && (isFull || item.fence !== batch[0]?.fence)) break;
    batch.push(item);
  }
  return batch;
}
