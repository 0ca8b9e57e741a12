/** What the load engine is asked to do, as plain data (it crosses a thread boundary). */

/**
 * `retrying`: any failure is retried with exponential back-off and jitter. `eventsource`: the
 * WHATWG rules.
 */
export const CLIENT_MODELS = ["retrying", "eventsource"] as const;
export type ClientModel = (typeof CLIENT_MODELS)[number];

/**
 * `realtime`: subscribes to Supabase Realtime directly, as realtime-js does. Chosen by the topology
 * and not by the user.
 */
export type StreamClient = ClientModel | "realtime";

export interface LoadPlan {
  /** Base URL of the router. */
  url: string;
  client: StreamClient;
  /** Concurrent streams, each with one pipeline run. */
  sessions: number;
  /** Events per second and session. */
  eventsPerSecond: number;
  /**
   * Length of every pipeline run, seconds: a session has `round(eventsPerSecond * durationS)`
   * events, at least 2.
   */
  durationS: number;
  /** Sessions arrive over this many seconds, on a schedule drawn from `seed`. */
  rampS: number;
  /**
   * After the last pipeline should have ended, wait at most this long for what is still on its way,
   * seconds.
   */
  drainS: number;
  /** Gates per pipeline run, each answered once it is seen. */
  gates: number;
  payloadBytes: number;
  seed: number;
}

/**
 * Live figures, sent about once a second. `overdue`: events that by the plan should have arrived a
 * second ago and have not.
 */
export interface LoadProgress {
  sessionsUp: number;
  sessions: number;
  received: number;
  eventsPerSecond: number;
  overdue: number;
  reconnects: number;
  secondsLeft: number;
}
