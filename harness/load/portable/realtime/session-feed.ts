import type { EventLogPage, PipelineSSEEvent } from "../../../../server/src/contract/events.ts";
import { Timer } from "./timer.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { readBroadcast, readEvent } from "./session-event.ts";

/** An answer of the event log, not yet looked into. */
export type LogAnswer = Pick<EventLogPage, "status"> & { events: readonly unknown[] };

export interface SessionFeedOptions {
  sessionId: string;
  /** Of the session's first run, whose first event has the number 1. */
  epoch: string;
  /**
   * Each event once, in order. `sentMs` as in `RealtimePayload`; what comes from the event log has
   * none.
   */
  onEvent(event: PipelineSSEEvent, sentMs: number | undefined): void;
  /**
   * Present with catch-up: reads the event log after an id, from the newest run's start without
   * one. `undefined`, or a rejection: no answer this time.
   */
  askLog?: (after: string | undefined) => Promise<LogAnswer | undefined>;
  /** What the log answered to a subscription after the first one. At most once for each. */
  onResumed?: (status: EventLogPage["status"]) => void;
  limits?: Partial<FeedLimits>;
  /** A clock that only goes forward, milliseconds. */
  nowMs: () => number;
}

export interface FeedLimits {
  /**
   * Longest that an event is held for an earlier one, milliseconds. With catch-up the log is asked
   * then.
   */
  gapMs: number;
  /** With catch-up: longest that an event is held for the log's answer, milliseconds. */
  logMs: number;
  /** Most events held at once. One more, and the first gap is given up. */
  maxHeld: number;
}

/**
 * Half a second: a second try of the publisher still arrives in time, and a person does not notice
 * the wait.
 */
const LIMITS: FeedLimits = { gapMs: 500, logMs: 10_000, maxHeld: 1_000 };
/** Runs that ended, and open-ended events (chat), that are remembered against stragglers. */
const MEMORY = 64;

interface Held {
  event: PipelineSSEEvent;
  sentMs: number | undefined;
  sinceMs: number;
}

/**
 * Turns what a session's channel brings, in any order and any number of times, into the typed
 * events of its runs, in order and each once; with catch-up, completed from the event log. Without
 * catch-up a gap is given up after {@link FeedLimits.gapMs}: what comes later than that is lost. An
 * event is handed on as soon as nothing before it is missing any more, or is waited for.
 *
 * An event of another run ends the one before it: what is held of that is handed on, and what still
 * comes of it is dropped. Open-ended events (`total` 0) have numbers with gaps by design, so they
 * are handed on at once.
 *
 * With catch-up the event log has to know of an event before it is broadcast: then an answer
 * settles all gaps that were there when it was asked for.
 */
export class SessionFeed {
  readonly #options: SessionFeedOptions;
  readonly #limits: FeedLimits;
  #epoch: string;
  #next = 1;
  /** In order of arrival. */
  readonly #held = new Map<number, Held>();
  readonly #left: string[] = [];
  readonly #openEnded: string[] = [];
  readonly #timer = new Timer();
  #subscriptions = 0;
  #resumed = 1;
  #owesAsking = false;
  #asking = false;
  #failures = 0;
  #retryAtMs = 0;
  #over = false;

  constructor(options: SessionFeedOptions) {
    this.#options = options;
    this.#epoch = options.epoch;
    this.#limits = { ...LIMITS, ...options.limits };
  }

  /** Id of the last event handed on: what the log is asked after. */
  get lastId(): string | undefined {
    return this.#next > 1 ? `${this.#epoch}-${this.#next - 1}` : undefined;
  }

  /**
   * The channel is joined. Before the first time nothing can have been missed: the run starts after
   * it.
   */
  onSubscribed(): void {
    this.#subscriptions++;
    if (this.#subscriptions > 1) this.#owesAsking = true;
    this.#wake();
  }

  /** Any message of the channel. */
  onBroadcast(message: unknown): void {
    if (this.#over) return;
    const broadcast = readBroadcast(message, this.#options.sessionId);
    if (broadcast === undefined) return;
    const { event, sentMs } = broadcast;
    if (event.total === 0) {
      const id = `${event.epoch}-${event.seq}`;
      if (remember(this.#openEnded, id)) this.#options.onEvent(event, sentMs);
      return;
    }
    if (!this.#enter(event.epoch)) return;
    this.#hold(event, sentMs);
    this.#release(0);
    const { maxHeld } = this.#limits;
    if (this.#held.size > maxHeld) this.#release(Math.min(...this.#held.keys()));
    this.#wake();
  }

  /** Nothing is handed on or asked for any more. */
  close(): void {
    this.#over = true;
    this.#owesAsking = false;
    this.#held.clear();
    this.#timer.clear();
  }

  /** False when that run has been left for a later one. */
  #enter(epoch: string): boolean {
    if (epoch === this.#epoch) return true;
    if (this.#left.includes(epoch)) return false;
    this.#release(Infinity);
    remember(this.#left, this.#epoch);
    this.#epoch = epoch;
    this.#next = 1;
    return true;
  }

  #hold(event: PipelineSSEEvent, sentMs: number | undefined): void {
    if (event.seq < this.#next || this.#held.has(event.seq)) return;
    this.#held.set(event.seq, { event, sentMs, sinceMs: this.#options.nowMs() });
  }

  /**
   * Hands on what is held up to this number, giving up what is missing before it, and all that
   * follows without a gap.
   */
  #release(upTo: number): void {
    if (upTo >= this.#next) {
      for (const seq of [...this.#held.keys()].sort((a, b) => a - b)) {
        if (seq <= upTo) this.#handOn(seq);
      }
      if (upTo < Infinity) this.#next = Math.max(this.#next, upTo + 1);
    }
    while (this.#handOn(this.#next));
  }

  #handOn(seq: number): boolean {
    const held = this.#held.get(seq);
    if (held === undefined) return false;
    this.#held.delete(seq);
    this.#next = seq + 1;
    this.#options.onEvent(held.event, held.sentMs);
    return true;
  }

  /** Does what is due by now, and sets the timer for what is due next. */
  readonly #wake = (): void => {
    this.#timer.clear();
    if (this.#over || (this.#held.size === 0 && !this.#owesAsking)) return;
    const { gapMs, logMs } = this.#limits;
    const catchUp = this.#options.askLog !== undefined;
    const nowMs = this.#options.nowMs();
    const patienceMs = catchUp ? logMs : gapMs;
    let upTo = 0;
    for (const [seq, { sinceMs }] of this.#held) {
      if (sinceMs + patienceMs <= nowMs) upTo = Math.max(upTo, seq);
    }
    if (upTo > 0) this.#release(upTo);
    const [oldest] = this.#held.values();
    let dueMs = oldest === undefined ? Infinity : oldest.sinceMs + patienceMs;
    if (catchUp && !this.#asking && (this.#owesAsking || oldest !== undefined)) {
      const gapDueMs = oldest === undefined ? Infinity : oldest.sinceMs + gapMs;
      const askMs = Math.max(this.#retryAtMs, this.#owesAsking ? 0 : gapDueMs);
      if (askMs <= nowMs) void this.#ask();
      else dueMs = Math.min(dueMs, askMs);
    }
    // A timer may fire a little early, and then nothing would be due yet.
    if (dueMs < Infinity) this.#timer.set(Math.max(1, Math.ceil(dueMs - nowMs)), this.#wake);
  };

  async #ask(): Promise<void> {
    const subscription = this.#subscriptions;
    const epoch = this.#epoch;
    const settles = Math.max(0, ...this.#held.keys());
    this.#asking = true;
    this.#owesAsking = false;
    const answer = await this.#options.askLog?.(this.lastId).catch(() => undefined);
    this.#asking = false;
    // Read again: it may have been closed meanwhile.
    if (this.#over) return;
    if (answer === undefined) {
      this.#owesAsking = true;
      this.#retryAtMs = this.#options.nowMs() + retryDelayMs(this.#failures++);
    } else {
      this.#failures = this.#retryAtMs = 0;
      if (subscription === this.#subscriptions && subscription > this.#resumed) {
        this.#resumed = subscription;
        this.#options.onResumed?.(answer.status);
      }
      this.#merge(answer, epoch, settles);
    }
    this.#wake();
  }

  /** An answer has no say in a run that began after it was asked for. */
  #merge(answer: LogAnswer, askedIn: string, settles: number): void {
    const { sessionId } = this.#options;
    const events = answer.events
      .map((event) => readEvent(event, sessionId))
      .filter((event) => !!event?.total);
    const epoch = events.at(-1)?.epoch ?? askedIn;
    if (this.#epoch !== epoch && (this.#epoch !== askedIn || !this.#enter(epoch))) return;
    let upTo = epoch === askedIn ? settles : 0;
    for (const event of events) {
      if (event?.epoch !== epoch) continue;
      this.#hold(event, undefined);
      upTo = Math.max(upTo, event.seq);
    }
    this.#release(upTo);
  }
}

/** Adds to a bounded memory; false when it is in there already. */
const remember = (memory: string[], entry: string): boolean => {
  if (memory.includes(entry)) return false;
  if (memory.push(entry) > MEMORY) memory.shift();
  return true;
};
