import { nowMs } from "../../../common/clock.ts";
import type { Config } from "../config.ts";
import type { Broadcasting, BroadcastingDeps, BroadcastReports } from "./broadcasting.ts";
import { durableBroadcasting } from "./durable/durable-broadcasting.ts";
import { LocalBroadcaster } from "./local-broadcaster.ts";
import { sampleLog } from "./log-sampler.ts";
import { realtimeBroadcasting } from "./realtime/realtime-broadcasting.ts";
import { sessionChannel } from "../contract/events.ts";
import { RedisBroadcaster } from "./redis/redis-broadcaster.ts";
import type { RedisConnection } from "./redis/redis-connection.ts";
import { RedisPubSub } from "./redis/redis-pubsub.ts";
import { eventJson } from "./streams/sse-frame.ts";

/** The broadcaster's name in the boot record of the ledger. */
export function broadcasterName(config: Config): "local" | "redis" | "durable" | "supabase" {
  if (config.FF_SUPABASE_SSE_BROADCAST) return "supabase";
  if (config.FF_REDIS_SSE_DURABLE) return "durable";
  return config.FF_REDIS_SSE_BROADCAST ? "redis" : "local";
}

/** Creates the broadcaster that the configuration asks for. It connects at once. */
export function createBroadcasting(deps: BroadcastingDeps): Broadcasting {
  const { config, redis } = deps;
  const reports = reportsTo(deps);
  if (config.FF_SUPABASE_SSE_BROADCAST) return realtimeBroadcasting(deps, reports);
  if (redis !== undefined && config.FF_REDIS_SSE_DURABLE)
    return durableBroadcasting(redis, deps, reports);
  if (redis !== undefined && config.FF_REDIS_SSE_BROADCAST)
    return redisBroadcasting(redis, deps, reports);
  return {
    broadcaster: new LocalBroadcaster(reports.onPublish),
    link: undefined,
    settled: Promise.resolve(),
    brokerState: () => "none",
  };
}

function redisBroadcasting(
  redis: RedisConnection,
  { logger, metrics, origin }: BroadcastingDeps,
  reports: BroadcastReports,
): Broadcasting {
  const link = new RedisPubSub({
    redis,
    logger,
    ownChannel: sessionChannel(origin),
    onPublishFailure: () => metrics.publishFailures.inc(),
    onState: reports.onState,
  });
  return {
    broadcaster: new RedisBroadcaster({ link, origin, ...reports }),
    link,
    settled: link.settled,
    brokerState: () => (link.up ? "up" : "down"),
    brokerReason: () => link.reason,
  };
}

function reportsTo({ config, ledger, metrics, logger }: BroadcastingDeps): BroadcastReports {
  const keepsEvents = config.FF_SUPABASE_SSE_BROADCAST || config.FF_REDIS_SSE_DURABLE;
  const downMessage = keepsEvents
    ? "broker is down, events are queued while there is room"
    : "broker is down, events reach local streams only";
  const logMalformed = sampleLog((sessionId: string, dropped) =>
    logger.warn(
      { sessionId, dropped },
      "dropped a broker message that is not an event of its session",
    ),
  );
  return {
    onPublish: (event, route) => {
      // It throws before anything is on record of an event that cannot be sent.
      eventJson(event);
      ledger.published(event, route);
      metrics.eventsPublished.inc({ route });
    },
    onRefused: ({ sessionId, epoch, seq }) =>
      ledger.append({
        kind: "dropped",
        sessionId,
        epoch,
        seq,
        reason: "refused",
        atMs: nowMs(),
      }),
    onMalformed: (sessionId) => {
      metrics.malformedMessages.inc();
      logMalformed(sessionId);
    },
    onState: (state, reason) => {
      const record = { kind: "broker", state, atMs: nowMs() } as const;
      ledger.append(reason === undefined ? record : { ...record, reason });
      metrics.brokerUp.set(state === "down" ? 0 : 1);
      if (state === "up") logger.info("broker is up");
      else if (state === "limited")
        logger.warn("broker enforces a limit, events are queued while there is room");
      else logger.warn({ reason }, downMessage);
    },
  };
}
