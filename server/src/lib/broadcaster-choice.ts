import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { BrokerState } from "../contract/ledger.ts";
import { RedisPubSub } from "./redis/redis-pubsub.ts";
import { nowMs } from "../../../common/clock.ts";
import type { EventLog } from "./redis/event-log.ts";
import { sampleLog } from "./log-sampler.ts";
import type { InstanceLink } from "./redis/gate-relay.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { LocalBroadcaster } from "./local-broadcaster.ts";
import type { Metrics } from "./metrics.ts";
import type { RealtimeTokenIssuer } from "./realtime/realtime-token-issuer.ts";
import { realtimeBroadcasting } from "./realtime/realtime-broadcasting.ts";
import { RedisBroadcaster } from "./redis/redis-broadcaster.ts";
import type { OnPublish, SSEBroadcaster, SubscriptionReadiness } from "./sse-broadcaster.ts";

/** How the events of this instance reach their streams, and what comes with that. */
export interface Broadcasting {
  broadcaster: SSEBroadcaster & SubscriptionReadiness;
  /** Undefined: nothing connects the instances. */
  link: InstanceLink | undefined;
  /** Resolves when it is known whether the broker is there. Never rejects. */
  settled: Promise<void>;
  /** `none`: no broker is configured. */
  brokerState: () => "none" | "up" | "down";
  /** Where clients subscribe to Supabase Realtime themselves. */
  realtimeAccess?: RealtimeTokenIssuer;
  eventLog?: EventLog;
}

export interface BroadcastingParts {
  config: Config;
  /** Of REDIS_URL. */
  redis: Redis | undefined;
  logger: Logger;
  ledger: Ledger;
  metrics: Metrics;
  /** Names this process among all. */
  origin: string;
}

/** What every broadcaster tells of what it does, for the ledger, the metrics and the log. */
export interface BroadcastReports {
  onPublish: OnPublish;
  onMalformed: (sessionId: string) => void;
  onState: (state: BrokerState, reason?: string) => void;
}

/** As the boot record of the ledger names it. */
export const broadcasterName = (config: Config): "local" | "redis" | "supabase" =>
  config.FF_SUPABASE_SSE_BROADCAST ? "supabase" : config.FF_REDIS_SSE_BROADCAST ? "redis" : "local";

/** The broadcaster that the configuration asks for. It connects at once. */
export function createBroadcasting(parts: BroadcastingParts): Broadcasting {
  const { config, redis } = parts;
  const reports = reportsTo(parts);
  if (config.FF_SUPABASE_SSE_BROADCAST) return realtimeBroadcasting(parts, reports);
  if (redis !== undefined && config.FF_REDIS_SSE_BROADCAST) return redisBroadcasting(redis, parts, reports);
  return {
    broadcaster: new LocalBroadcaster(reports.onPublish),
    link: undefined,
    settled: Promise.resolve(),
    brokerState: () => "none",
  };
}

function redisBroadcasting(redis: Redis, parts: BroadcastingParts, reports: BroadcastReports): Broadcasting {
  const { logger, metrics, origin } = parts;
  const link = new RedisPubSub({
    redis,
    logger,
    onPublishFailure: () => metrics.publishFailures.inc(),
    onState: reports.onState,
  });
  return {
    broadcaster: new RedisBroadcaster({ link, origin, ...reports }),
    link,
    settled: link.settled,
    brokerState: () => (link.up ? "up" : "down"),
  };
}

function reportsTo({ config, ledger, metrics, logger }: BroadcastingParts): BroadcastReports {
  const whileAway = config.FF_SUPABASE_SSE_BROADCAST
    ? "broker is away, events wait for it while there is room"
    : "broker is away, delivering to local streams only";
  const logMalformed = sampleLog((sessionId: string, dropped) =>
    logger.warn({ sessionId, dropped }, "message from the broker that is no event of its session, dropped"),
  );
  return {
    onPublish: (event, route) => {
      ledger.published(event, route);
      metrics.eventsPublished.inc({ route });
    },
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
        logger.warn("broker refuses for a limit, events wait while there is room");
      else logger.warn({ reason }, whileAway);
    },
  };
}
