/**
 * The settings that influence measurements, the same on every platform. The run's manifest records
 * them unchanged. None is left to a default of the server, so a changed default cannot change a
 * measurement unnoticed.
 */

/**
 * Interval of the router's health checks, ms: how long it sends requests to an instance that is
 * gone.
 */
export const routerHealthCheckMs = 500;

/**
 * Environment of each server, beside what differs per instance, topology and platform (address,
 * name, broker, secret, ledger). Milliseconds where the name says so.
 *
 * - RETRY_MS: the `retry:` of the streams.
 * - HEARTBEAT_MS: a comment to every stream this often.
 * - DRAIN_NOTICE_MS: readiness is false this long before anything is closed. Above
 *   `routerHealthCheckMs` with room for one slow check: else clients would reconnect to the
 *   instance that just closed them.
 * - DRAIN_SPREAD_MS: streams are closed over this window, a ramp and not a cliff.
 * - DRAIN_GRACE_MS: longest time that running pipelines get to end.
 * - DRAIN_RETRY_MS: middle of the wait that a draining instance asks its clients for.
 * - MAX_STREAM_BUFFER_BYTES: a subscriber with more unread bytes is cut.
 * - GATE_TIMEOUT_MS: an hour, longer than any run: a gate waits for its answer to the end.
 * - REALTIME_TOKEN_TTL_S: a client's token for its channel of Realtime, seconds; it gets a newer
 *   one before that is over.
 * - REALTIME_QUEUE_BYTES: events that wait for Realtime, all sessions of an instance together; what
 *   does not fit is dropped.
 * - EVENT_LOG_EVENTS: kept of each pipeline run in the event log, about.
 * - PIPELINE_LEASE_MS: pipelines of an instance that is silent for this long move to others, where
 *   pipelines move at all.
 * - RATE_LIMIT_POINTS: all load comes from one address, so the limit is put out of reach; it stays
 *   in the path.
 */
export const serverSettings = {
  RETRY_MS: "1000",
  HEARTBEAT_MS: "15000",
  DRAIN_NOTICE_MS: "1000",
  DRAIN_SPREAD_MS: "1000",
  DRAIN_GRACE_MS: "2000",
  DRAIN_RETRY_MS: "500",
  MAX_STREAM_BUFFER_BYTES: "1048576",
  GATE_TIMEOUT_MS: "3600000",
  REALTIME_TOKEN_TTL_S: "300",
  REALTIME_QUEUE_BYTES: "16777216",
  EVENT_LOG_EVENTS: "10000",
  PIPELINE_LEASE_MS: "2000",
  RATE_LIMIT_POINTS: "10000000",
  TRUST_PROXY: "1",
  LOG_LEVEL: "info",
  NODE_ENV: "production",
} as const satisfies Readonly<Record<string, string>>;

/**
 * What a scenario changes of the settings.
 * @param retryMs milliseconds
 * @param heartbeat seconds; 0: none
 * @param leaseMs milliseconds
 */
export const streamSettings = ({
  retryMs,
  heartbeat,
  leaseMs,
}: {
  retryMs: number;
  heartbeat: number;
  leaseMs: number;
}) =>
  ({
    PIPELINE_LEASE_MS: String(leaseMs),
    RETRY_MS: String(retryMs),
    HEARTBEAT_MS: String(Math.round(heartbeat * 1000)),
  }) satisfies Partial<Record<keyof typeof serverSettings, string>>;
