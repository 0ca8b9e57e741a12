import type { LoadPlan } from "./load-plan.ts";

/**
 * Every bound and time-out of the load engine, in one place. Plain data: it crosses a thread
 * boundary.
 */
export interface EngineLimits {
  /** One thread holds this many sessions; above that, more workers. */
  sessionsPerWorker: number;
  /**
   * Streams opened in one turn of the event loop: 5,000 at once would stall it for 100 ms and more.
   */
  opensPerTurn: number;
  /**
   * An attempt to open a stream without a complete response head by then counts as not answered,
   * milliseconds.
   */
  headTimeoutMs: number;
  /**
   * A stream without a single byte for this long counts as dead (half-open), milliseconds: three
   * heartbeats of 15 s, or of a longer interval.
   */
  idleTimeoutMs: number;
  /** A control request without an answer by then counts as not answered, milliseconds. */
  controlTimeoutMs: number;
  /**
   * A new page sends the requests that create a session and start its pipeline this often, and then
   * gives up: with the back-off, after 9 to 18 s. With `ramp` arrivals it never does.
   */
  requestAttempts: number;
  /** Kept-alive connections for control requests, per worker. */
  controlConnections: number;
  /**
   * First back-off of the `retrying` client and of control requests, milliseconds, before jitter.
   */
  backOffBaseMs: number;
  /** Largest back-off of both, milliseconds, unless the server asks for more. */
  backOffCapMs: number;
  /**
   * Reconnection time of the `eventsource` client until the server sends `retry:`. WHATWG: "a few
   * seconds"; Chrome: 3 s.
   */
  eventSourceRetryMs: number;
  /**
   * Shortest reconnection time: `retry: 0` against a closed port would otherwise be a busy loop.
   */
  minRetryMs: number;
  /**
   * Longest reconnection time that a server may ask for: the largest delay that a timer can hold.
   */
  maxRetryMs: number;
  /** Largest response head, bytes, 1xx heads included. */
  maxHeadBytes: number;
  /** Largest line and largest `data` of one event, bytes. */
  maxEventBytes: number;
  /** Distance between two looks at the event loop's lag, milliseconds. */
  lagSampleMs: number;
  /** Distance between two progress reports, milliseconds. */
  progressMs: number;
  /** From the workers' readiness to the first possible arrival, milliseconds. */
  leadMs: number;
}

export const ENGINE_LIMITS: Readonly<EngineLimits> = {
  sessionsPerWorker: 5_000,
  opensPerTurn: 50,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 45_000,
  controlTimeoutMs: 10_000,
  requestAttempts: 8,
  controlConnections: 256,
  backOffBaseMs: 250,
  backOffCapMs: 5_000,
  eventSourceRetryMs: 3_000,
  minRetryMs: 10,
  maxRetryMs: 2 ** 31 - 1,
  maxHeadBytes: 64 * 1024,
  maxEventBytes: 8 * 1024 * 1024,
  lagSampleMs: 10,
  progressMs: 1_000,
  leadMs: 100,
};

/** Interval of the server's heartbeats unless it is given, seconds. */
export const DEFAULT_HEARTBEAT_S = 15;

/** Missed heartbeats in a row after which a stream counts as dead. */
const MISSED_HEARTBEATS = 3;

/** The limits of a load. A server with slow heartbeats, or none, needs more patience. */
export const limitsOf = ({ heartbeatS }: Pick<LoadPlan, "heartbeatS">): EngineLimits => ({
  ...ENGINE_LIMITS,
  idleTimeoutMs:
    heartbeatS === 0
      ? ENGINE_LIMITS.maxRetryMs
      : Math.max(ENGINE_LIMITS.idleTimeoutMs, MISSED_HEARTBEATS * heartbeatS * 1000),
});
