import type { Redis } from "ioredis";
import type { EventLogPage, PipelineSSEEvent } from "../../contract/events.ts";
import { parseEvent } from "../streams/parse-event.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { LogPosition } from "../../../../common/portable/event-id.ts";
import { eventJson } from "../streams/sse-frame.ts";

/** One answer holds about that much at most; the rest is asked for after its last id. */
const MAX_PAGE_EVENTS = 5000;
const MAX_PAGE_BYTES = 4_000_000;
const EVENTS_PER_READ = 500;
/** A session's keys go this long after its last event. */
const KEEP_S = 3600;
/** Their life is renewed no more often than this. */
const RENEW_EVERY_MS = 60_000;
/** Runs whose renewal is remembered. */
const REMEMBERED_RUNS = 10_000;

export interface EventLogOptions {
  redis: Redis;
  /** Kept of each run, about. */
  maxEvents: number;
  /** Told of each event that the log did not take. */
  onFailure: (error: unknown) => void;
}

/**
 * The events of every session in Redis Streams, for all instances: `sse:log:{sessionId}:{epoch}` holds one run, each event under its number as
 * the entry's id, and `sse:log:{sessionId}` the session's runs. An epoch begins with its time, so the runs are in order by name.
 */
export class EventLog {
  readonly #options: EventLogOptions;
  /** Run to the time of its last renewal, oldest first. */
  readonly #renewed = new Map<string, number>();

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** Resolves once the event can be read by every instance, or could not be logged. Never rejects. */
  async append(event: PipelineSSEEvent): Promise<void> {
    const { redis, maxEvents, onFailure } = this.#options;
    const key = runKey(event.sessionId, event.epoch);
    try {
      const appended = redis.xadd(key, "MAXLEN", "~", maxEvents, `${event.seq}-0`, "e", eventJson(event));
      await Promise.all([appended, ...this.#renew(key, event)]);
    } catch (error) {
      // The next event tries all of it again.
      this.#renewed.delete(key);
      onFailure(error);
    }
  }

  /**
   * The events after that position, in order; without one, all that is kept of the newest run.
   * @throws when Redis is away
   */
  async read(sessionId: string, after: LogPosition | undefined): Promise<EventLogPage> {
    const newest = await this.#newestRun(sessionId);
    if (after === undefined)
      return { status: "replayed", events: await this.#eventsFrom(sessionId, newest, 1) };
    const [first, ...rest] = await this.#eventsFrom(sessionId, after.epoch, after.seq);
    // Read from the known one on: that it is there tells an end of the run from an end of the log.
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

  async #eventsFrom(sessionId: string, epoch: string | undefined, seq: number): Promise<PipelineSSEEvent[]> {
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
        const event = parseEvent(JSON.parse(json));
        if (event !== undefined) events.push(event);
      }
      if (entries.length < EVENTS_PER_READ) break;
    }
    return events;
  }

  /** The commands that keep the run's keys alive, when it is time for them. */
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
    // What has an open end (chat) is no run that could take the place of another.
    if (total > 0)
      renewals.push(redis.zadd(sessionKey(sessionId), 0, epoch), redis.expire(sessionKey(sessionId), KEEP_S));
    return renewals;
  }
}

const sessionKey = (sessionId: string): string => `sse:log:${sessionId}`;
const runKey = (sessionId: string, epoch: string): string => `sse:log:${sessionId}:${epoch}`;

/** True when nothing is missing between the position and the last of the events. Numbers of an open end have gaps of their own. */
const isWhole = (events: readonly PipelineSSEEvent[], afterSeq: number, isKnown: boolean): boolean =>
  events.length === 0
    ? isKnown
    : events.every(({ seq, total }, index) => total === 0 || seq === afterSeq + 1 + index);
