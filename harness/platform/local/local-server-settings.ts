/** The settings of every server on the local platform, in one place: they go into the run's manifest as they are. */

/**
 * Environment of each server, beside what differs per instance and topology. Milliseconds where the name says so.
 *
 * - RETRY_MS: the `retry:` of the streams.
 * - DRAIN_NOTICE_MS: readiness is false this long before anything is closed. Above the router's health check interval
 *   (500 ms) with room for one slow check: else clients would reconnect to the instance that just closed them.
 * - DRAIN_SPREAD_MS: streams are closed over this window, a ramp and not a cliff.
 * - DRAIN_GRACE_MS: longest time that running pipelines get to end.
 * - RATE_LIMIT_POINTS: all load comes from one address, so the limit is put out of reach; it stays in the path.
 */
export const localServerSettings = {
  HOST: "127.0.0.1",
  RETRY_MS: "1000",
  DRAIN_NOTICE_MS: "1000",
  DRAIN_SPREAD_MS: "1000",
  DRAIN_GRACE_MS: "2000",
  RATE_LIMIT_POINTS: "10000000",
  TRUST_PROXY: "1",
  LOG_LEVEL: "info",
  NODE_ENV: "production",
} as const satisfies Readonly<Record<string, string>>;
