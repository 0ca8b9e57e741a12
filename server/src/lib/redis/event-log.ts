import type { Redis } from "ioredis";
import type { EventLogPage, PipelineSSEEvent } from "../../contract/events.ts";
import { parseEvent } from "../streams/parse-event.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { LogPosition } from "../../../../common/portable/event-id.ts";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import { eventJson } from "../streams/sse-frame.ts";

/** The approximate limits of one page; the client asks for the rest after its last id. */
const MAX_PAGE_EVENTS = 5000;
const MAX_PAGE_BYTES = 4_000_000;
const EVENTS_PER_READ = 500;
/** A session's keys expire this long after its last event. */
const KEEP_S = 3600;
/** The expiry is renewed at most this often. */
const RENEW_EVERY_MS = 60_000;
/** The number of runs whose last renewal is remembered. */
const REMEMBERED_RUNS = 10_000;

export interface EventLogOptions {
  redis: Redis;
  /** Approximate number of events that are kept of each run. */
  maxEvents: number;
  /** Called for each event that could not be logged. */
  onFailure: (error: unknown) => void;
}

/**
 * The events of every session in Redis Streams, shared by all instances. The key
 * `sse:log:{sessionId}:{epoch}` holds one run, with the event number as entry id. The key
 * `sse:log:{sessionId}` holds the session's runs. An epoch begins with its time, so runs sort by
 * name.
 */
export class EventLog {
  readonly #options: EventLogOptions;
  /** Run to the time of its last renewal, oldest first. */
  readonly #renewed = new Map<string, number>();

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** Resolves once every instance can read the event, or logging it failed. Never rejects. */
  async append(event: PipelineSSEEvent): Promise<void> {
    const { redis, maxEvents, onFailure } = this.#options;
    const key = runKey(event.sessionId, event.epoch);
    try {
      const appended = redis.xadd(
        key,
        "MAXLEN",
        "~",
        maxEvents,
        `${event.seq}-0`,
        "e",
        eventJson(event),
      );
      await Promise.all([appended, ...this.#renew(key, event)]);
    } catch (error) {
      // The next event renews again.
      this.#renewed.delete(key);
      onFailure(error);
    }
  }

  /**
   * Returns the events after that position in order, or without a position those of the newest run.
   * @throws if Redis is down
   */
  async read(sessionId: string, after: LogPosition | undefined): Promise<EventLogPage> {
    const newest = await this.#newestRun(sessionId);
    if (after === undefined)
      return { status: "replayed", events: await this.#eventsFrom(sessionId, newest, 1) };
    const [first, ...rest] = await this.#eventsFrom(sessionId, after.epoch, after.seq);
    // Read from the known event on: its presence tells the end of the run from a trimmed log.
    const isKnown = after.seq === 0 || first?.seq === after.seq;
    const events = first === undefined || first.seq === after.seq ? rest : [first, ...rest];
    if (newest !== undefined && newest > after.epoch && first?.total !== 0)
      return { status: "epoch-changed", events: await this.#eventsFrom(sessionId, newest, 1) };
    return { status: isWhole(events, after.seq, isKnown) ? "replayed" : "window-exceeded", events };
  }

  async #newestRun(sessionId: string): Promise<string | undefined> {
    const [newest] = await this.#options.redis.zrange(
      sessionKey(sessionId),
      "+",
      "-",
      "BYLEX",
      "REV",
      "LIMIT",
      0,
      1,
    );
    return newest;
  }

  async #eventsFrom(
    sessionId: string,
    epoch: string | undefined,
    seq: number,
  ): Promise<PipelineSSEEvent[]> {
    const events: PipelineSSEEvent[] = [];
    if (epoch === undefined) return events;
    const key = runKey(sessionId, epoch);
    let bytes = 0;
    let start = `${seq}-0`;
    while (events.length < MAX_PAGE_EVENTS && bytes < MAX_PAGE_BYTES) {
      const entries = await this.#options.redis.xrange(key, start, "+", "COUNT", EVENTS_PER_READ);
      for (const [id, [, json = ""]] of entries) {
        bytes += json.length;
        start = `(${id}`;
        const event = parseEvent(parseJson(json), json);
        if (event !== undefined) events.push(event);
      }
      if (entries.length < EVENTS_PER_READ) break;
    }
    return events;
  }

  /** Starts the commands that renew the expiry of the run's keys, if they are due. */
  #renew(key: string, { sessionId, epoch, total }: PipelineSSEEvent): Promise<unknown>[] {
    const atMs = nowMs();
    if (atMs - (this.#renewed.get(key) ?? -Infinity) < RENEW_EVERY_MS) return [];
    this.#renewed.delete(key);
    this.#renewed.set(key, atMs);
    for (const oldest of this.#renewed.keys()) {
      if (this.#renewed.size <= REMEMBERED_RUNS) break;
      this.#renewed.delete(oldest);
    }
    const { redis } = this.#options;
    const renewals: Promise<unknown>[] = [redis.expire(key, KEEP_S)];
    // Ad-hoc events (chat) are not a run that could replace another one.
    if (total > 0)
      renewals.push(
        redis.zadd(sessionKey(sessionId), 0, epoch),
        redis.expire(sessionKey(sessionId), KEEP_S),
      );
    return renewals;
  }
}

const sessionKey = (sessionId: string): string => `sse:log:${sessionId}`;
const runKey = (sessionId: string, epoch: string): string => `sse:log:${sessionId}:${epoch}`;

/**
 * True if no event is missing between the position and the last event. The numbers of ad-hoc events
 * have gaps, so those cannot be checked.
 */
const isWhole = (
  events: readonly PipelineSSEEvent[],
  afterSeq: number,
  isKnown: boolean,
): boolean =>
  events.length === 0
    ? isKnown
    : events.every(({ seq, total }, index) => total === 0 || seq === afterSeq + 1 + index);
