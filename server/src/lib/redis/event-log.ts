import type { EventLogPage, PipelineSSEEvent } from "../../contract/events.ts";
import { parseEvent } from "../streams/parse-event.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { LogPosition } from "../../../../common/portable/event-id.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import { eventJson } from "../streams/sse-frame.ts";

/**
 * The limits of one page, which has at least one event. The client asks for the rest after its last
 * id.
 */
const MAX_PAGE_EVENTS = 5000;
const MAX_PAGE_BYTES = 4_000_000;
/** The first read of a page is small: an event can have half a megabyte. */
const FIRST_READ = 50;
const MAX_READ = 500;
/** A session's keys expire this long after its last event. */
const KEEP_S = 3600;
/** The expiry is renewed at most this often. */
const RENEW_EVERY_MS = 60_000;
/** The number of runs whose last renewal, or whose gap, is remembered. */
const REMEMBERED_RUNS = 10_000;
/** Field of an entry that holds an event, and of one that stands for events that are missing. */
const EVENT = "e";
const GAP = "gap";

export interface EventLogOptions {
  redis: RedisConnection;
  /** Approximate number of events that are kept of each run. */
  maxEvents: number;
  /** Called for each event that could not be logged. */
  onFailure: (error: unknown) => void;
}

/**
 * The events of every session in Redis Streams, shared by all instances. The key
 * `sse:catch-up:{sessionId}:{epoch}` holds one run, with the event number as entry id. The key
 * `sse:catch-up:{sessionId}` holds the session's runs. An epoch begins with its time, so runs sort
 * by name.
 *
 * An instance that could not log an event leaves a gap in its place as soon as Redis takes it, so
 * that no instance answers that nothing is missing.
 */
export class EventLog {
  readonly #options: EventLogOptions;
  /** Run to the time of its last renewal, oldest first. */
  readonly #renewed = new Map<string, number>();
  /** Run to its last event that could not be logged. */
  readonly #missing = new Map<string, PipelineSSEEvent>();

  constructor(options: EventLogOptions) {
    this.#options = options;
    options.redis.onCheck(() => void this.#leaveGaps());
  }

  /** Resolves once every instance can read the event, or logging it failed. Never rejects. */
  async append(event: PipelineSSEEvent): Promise<void> {
    const key = runKey(event.sessionId, event.epoch);
    try {
      await this.#write(key, event, EVENT, eventJson(event));
    } catch (error) {
      this.#missing.delete(key);
      this.#missing.set(key, event);
      forgetOldest(this.#missing);
      this.#options.onFailure(error);
    }
  }

  /** @throws if Redis is away, or is no primary: a replica loses what it is given */
  async #write(key: string, event: PipelineSSEEvent, field: string, text: string): Promise<void> {
    const { redis, maxEvents } = this.#options;
    if (redis.problem !== undefined) throw new Error(redis.problem);
    const id = `${event.seq}-0`;
    const added = redis.client.xadd(key, "MAXLEN", "~", maxEvents, id, field, text);
    try {
      await Promise.all([added, ...this.#renew(key, event)]);
    } catch (error) {
      // The next event renews again.
      this.#renewed.delete(key);
      throw error;
    }
  }

  async #leaveGaps(): Promise<void> {
    for (const [key, event] of this.#missing) {
      try {
        await this.#write(key, event, GAP, "");
      } catch (error) {
        // Later events are there: their numbers show the gap.
        if (!/equal or smaller/.test(String(error))) return;
      }
      if (this.#missing.get(key) === event) this.#missing.delete(key);
    }
  }

  /**
   * Returns the events after that position in order, or without a position those of the newest run.
   * @throws if Redis is down or no primary, or does not answer in time
   */
  async read(sessionId: string, after: LogPosition | undefined): Promise<EventLogPage> {
    const page = await this.#readPage(sessionId, after);
    return page.status === "replayed" && this.#misses(sessionId, after)
      ? { ...page, status: "window-exceeded" }
      : page;
  }

  /** True if this instance could not log an event of the session after that position. */
  #misses(sessionId: string, after: LogPosition | undefined): boolean {
    for (const event of this.#missing.values())
      if (event.sessionId === sessionId && isAfter(event, after)) return true;
    return false;
  }

  async #readPage(sessionId: string, after: LogPosition | undefined): Promise<EventLogPage> {
    const newest = await this.#newestRun(sessionId);
    if (after === undefined) {
      const { events, hasGap } = await this.#eventsFrom(sessionId, newest, 0);
      return { status: hasGap ? "window-exceeded" : "replayed", events };
    }
    // Read from the known event on: its presence tells the end of the run from a trimmed log.
    const found = await this.#eventsFrom(sessionId, after.epoch, after.seq);
    const [first] = found.events;
    const events = first?.seq === after.seq ? found.events.slice(1) : found.events;
    if (newest !== undefined && newest > after.epoch && first?.total !== 0) {
      const { events: newer } = await this.#eventsFrom(sessionId, newest, 0);
      return { status: "epoch-changed", events: newer };
    }
    const whole = !found.hasGap && isWhole(events, after.seq, after.seq === 0 || found.hasStart);
    return { status: whole ? "replayed" : "window-exceeded", events };
  }

  async #newestRun(sessionId: string): Promise<string | undefined> {
    const [newest] = await this.#options.redis.ask(async (client) =>
      client.zrange(sessionKey(sessionId), "+", "-", "BYLEX", "REV", "LIMIT", 0, 1),
    );
    return newest;
  }

  /**
   * The events of a run from a number on. `hasStart`: that number has an entry. `hasGap`: an event
   * after it is known to be missing.
   */
  async #eventsFrom(
    sessionId: string,
    epoch: string | undefined,
    seq: number,
  ): Promise<{ events: PipelineSSEEvent[]; hasStart: boolean; hasGap: boolean }> {
    const events: PipelineSSEEvent[] = [];
    let [hasStart, hasGap] = [false, false];
    if (epoch === undefined) return { events, hasStart, hasGap };
    const key = runKey(sessionId, epoch);
    let bytes = 0;
    let start = `${seq}-0`;
    for (let count = FIRST_READ, read = 0; ;) {
      const [from, size] = [start, count];
      const entries = await this.#options.redis.ask(async (client) =>
        client.xrange(key, from, "+", "COUNT", size),
      );
      for (const [id, [, json = ""]] of entries) {
        bytes += Buffer.byteLength(json);
        if (events.length === MAX_PAGE_EVENTS || (events.length > 0 && bytes > MAX_PAGE_BYTES))
          return { events, hasStart, hasGap };
        start = `(${id}`;
        const event = parseEvent(parseJson(json), json);
        if (event !== undefined) events.push(event);
        const isStart = id === `${seq}-0`;
        hasStart ||= isStart;
        hasGap ||= event === undefined && !isStart;
      }
      if (entries.length < count) return { events, hasStart, hasGap };
      // As many as the page has room for, if the rest are like those so far.
      read += entries.length;
      const fitting = Math.ceil(((MAX_PAGE_BYTES - bytes) * read) / bytes);
      count = Math.max(1, Math.min(MAX_READ, fitting));
    }
  }

  /** Starts the commands that renew the expiry of the run's keys, if they are due. */
  #renew(key: string, { sessionId, epoch, total }: PipelineSSEEvent): Promise<unknown>[] {
    const atMs = nowMs();
    if (atMs - (this.#renewed.get(key) ?? -Infinity) < RENEW_EVERY_MS) return [];
    this.#renewed.delete(key);
    this.#renewed.set(key, atMs);
    forgetOldest(this.#renewed);
    const redis = this.#options.redis.client;
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

function forgetOldest(runs: Map<string, unknown>): void {
  for (const oldest of runs.keys()) {
    if (runs.size <= REMEMBERED_RUNS) break;
    runs.delete(oldest);
  }
}

/** Epochs begin with their time. A chat's epoch is the instance's, so it is compared as well. */
const isAfter = ({ epoch, seq }: PipelineSSEEvent, after: LogPosition | undefined): boolean =>
  after === undefined || epoch > after.epoch || (epoch === after.epoch && seq > after.seq);

const sessionKey = (sessionId: string): string => `sse:catch-up:${sessionId}`;
const runKey = (sessionId: string, epoch: string): string => `sse:catch-up:${sessionId}:${epoch}`;

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
