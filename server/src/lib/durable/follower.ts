import type { PipelineSSEEvent, ReplayGap } from "../../contract/events.ts";
import type { LogMessage, LogPoint, MissingEvents, SessionLog } from "./session-log.ts";

/** The wait before the log is read again after a failure. */
const RETRY_MS = 300;

/** What a follower writes to: one stream. */
export interface StreamSink {
  event(event: PipelineSSEEvent): void;
  gap(gap: ReplayGap): void;
  /** Resolves when the stream takes more without buffering much. */
  writable(): Promise<void>;
}

export interface FollowerOptions {
  sessionId: string;
  log: SessionLog;
  sink: StreamSink;
  from: LogPoint;
  onFailure: (error: unknown) => void;
}

/**
 * Brings one stream every message of its session's log after a position, each once and in order.
 * Live messages pass at once if they follow the last one. If one is missing, or the subscription
 * was away, the follower reads the log until it has caught up.
 */
export class Follower {
  readonly #options: FollowerOptions;
  #at: LogPoint;
  /** The last id that the client has. */
  #has: string;
  /** Messages before the next one are not in the log. They may be ones that the client has. */
  #jumped = false;
  #reading: "no" | "yes" | "again" = "no";
  #closed = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#at = options.from;
    this.#has = options.from.id;
  }

  /** A message of the session's channel. */
  offer(message: LogMessage): void {
    if (message.n <= this.#at.n) return;
    if (this.#reading === "no" && message.n === this.#at.n + 1) this.#deliver(message);
    else this.catchUp();
  }

  /** Reads what the log has after the last delivered message. */
  catchUp(): void {
    if (this.#reading === "no") void this.#read();
    else this.#reading = "again";
  }

  close(): void {
    this.#closed = true;
  }

  async #read(): Promise<void> {
    try {
      do {
        this.#reading = "yes";
        await this.#readToEnd();
      } while (this.#wantsMore());
      this.#reading = "no";
    } catch (error) {
      this.#options.onFailure(error);
      // Still reading: live messages must not pass before the ones that are missing.
      setTimeout(() => void this.#read(), RETRY_MS).unref();
    }
  }

  #wantsMore(): boolean {
    return this.#reading === "again" && !this.#closed;
  }

  async #readToEnd(): Promise<void> {
    const { log, sessionId, sink } = this.#options;
    while (!this.#closed) {
      const messages = await log.readFrom(sessionId, this.#at.n);
      const [first] = messages;
      if (first === undefined) {
        const tail = await log.tail(sessionId);
        // Messages that came between the two reads are ahead.
        if (tail !== undefined && tail.n >= this.#at.n) continue;
        this.#moveBackTo(tail);
        return;
      }
      if (first.n === this.#at.n && first.id !== this.#at.id) this.#moveBackTo(first);
      const fresh = first.n === this.#at.n ? messages.slice(1) : messages;
      if (fresh.length === 0) return;
      if (first.n > this.#at.n + 1) this.#jumped = true;
      await sink.writable();
      for (const message of fresh) this.#deliver(message);
    }
  }

  /** Redis lost messages that this stream has, and perhaps later ones. */
  #moveBackTo(point: LogPoint | undefined): void {
    if (point === undefined || this.#closed) return;
    this.#declare("log-lost", point.id);
    this.#at = { n: point.n, id: point.id };
  }

  #declare(reason: ReplayGap["reason"], resumesAfter: string): void {
    const { sessionId, sink } = this.#options;
    sink.gap({ sessionId, reason, after: this.#has, resumesAfter });
  }

  #deliver({ n, id, event, gap }: LogMessage): void {
    if (this.#closed || n <= this.#at.n) return;
    this.#at = { n, id };
    if (gap !== undefined) this.#passGap(gap, id);
    if (event === undefined) return;
    if (this.#jumped && !this.#isNext(event)) this.#declare("window-exceeded", this.#has);
    this.#jumped = false;
    this.#has = id;
    this.#options.sink.event(event);
  }

  /** What the log says of missing events also explains a jump before it. */
  #passGap(missing: MissingEvents, id: string): void {
    this.#jumped = false;
    if (this.#hasAll(missing)) return;
    const { sessionId, sink } = this.#options;
    sink.gap({ sessionId, reason: "not-kept", after: this.#has, resumesAfter: id, missing });
    this.#has = id;
  }

  #isNext({ epoch, seq }: PipelineSSEEvent): boolean {
    return this.#has === `${epoch}-${seq - 1}`;
  }

  /** True if this stream got the events before Redis lost them. */
  #hasAll(gap: MissingEvents): boolean {
    const [epoch, seq] = this.#has.split("-");
    return epoch === gap.epoch && Number(seq) >= gap.to;
  }
}
