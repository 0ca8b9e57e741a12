import type { BrokerState, DropReason } from "../../contract/ledger.ts";
import type { Config } from "../../config.ts";
import type { Broadcasting, BroadcastingDeps, BroadcastReports } from "../broadcasting.ts";
import { nowMs } from "../../../../common/clock.ts";
import { sampleLog } from "../log-sampler.ts";
import { EventLog } from "../redis/event-log.ts";
import type { PublisherReports } from "./queued-event.ts";
import { RealtimeTokenIssuer } from "./realtime-token-issuer.ts";
import { RealtimeHttpPublisher } from "./realtime-http-publisher.ts";
import { RealtimeConnection } from "./realtime-connection.ts";
import { RealtimeSocketPublisher } from "./realtime-socket-publisher.ts";
import { RealtimeTopics } from "./realtime-topics.ts";
import { SupabaseBroadcaster } from "./supabase-broadcaster.ts";

/** Builds a broadcaster over Supabase Realtime. */
export function realtimeBroadcasting(
  deps: BroadcastingDeps,
  reports: BroadcastReports,
): Broadcasting {
  const { config, logger, metrics } = deps;
  const { url, key, jwtSecret } = realtimeOf(config);
  let state: BrokerState = "down";
  const publisherReports: PublisherReports = {
    onDrop: reportDrops(deps),
    onState: (changed, reason) => {
      state = changed;
      reports.onState(changed, reason);
    },
    onQueue: (events, bytes) => {
      metrics.realtimeQueueEvents.set(events);
      metrics.realtimeQueueBytes.set(bytes);
    },
  };
  const topics = new RealtimeTopics({
    url,
    key,
    onMalformed: () => reports.onMalformed("unknown"),
  });
  const link = new RealtimeConnection({ topics, logger });
  const queueBytes = config.REALTIME_QUEUE_BYTES;
  const publisher =
    config.REALTIME_PUBLISH === "websocket"
      ? new RealtimeSocketPublisher({ topics, queueBytes, ...publisherReports })
      : new RealtimeHttpPublisher({
          url,
          key,
          queueBytes,
          ...publisherReports,
          onStatus: (status) => metrics.realtimePosts.inc({ status }),
        });
  const eventLog = createEventLog(deps);
  return {
    broadcaster: new SupabaseBroadcaster({ publisher, topics, log: eventLog, ...reports }),
    link,
    settled: Promise.all([publisher.settled, link.ready()]).then(() => {}),
    brokerState: () => (state === "down" ? "down" : "up"),
    tokenIssuer: new RealtimeTokenIssuer({
      url: config.REALTIME_PUBLIC_URL ?? url,
      jwtSecret,
      anonKey: config.REALTIME_ANON_KEY,
      tokenTtlS: config.REALTIME_TOKEN_TTL_S,
      catchUp: eventLog !== undefined,
    }),
    ...(eventLog === undefined ? {} : { eventLog }),
  };
}

function createEventLog({
  config,
  redis,
  logger,
  metrics,
}: BroadcastingDeps): EventLog | undefined {
  if (redis === undefined || !config.FF_SSE_EVENT_LOG) return undefined;
  const log = sampleLog((error: unknown, failed) =>
    logger.warn(
      { reason: String(error), failed },
      "event not logged, clients cannot fetch it later",
    ),
  );
  const onFailure = (error: unknown): void => {
    metrics.eventLogFailures.inc();
    log(error);
  };
  return new EventLog({ redis, maxEvents: config.EVENT_LOG_EVENTS, onFailure });
}

function reportDrops({ ledger, logger, metrics }: BroadcastingDeps): PublisherReports["onDrop"] {
  const log = sampleLog(
    ({ sessionId, reason }: { sessionId: string; reason: DropReason }, dropped) =>
      logger.warn({ sessionId, reason, dropped }, "event dropped before it reached Realtime"),
  );
  return ({ sessionId, epoch, seq }, reason) => {
    ledger.append({ kind: "dropped", sessionId, epoch, seq, reason, atMs: nowMs() });
    metrics.realtimeDropped.inc({ reason });
    log({ sessionId, reason });
  };
}

/** The settings that `readConfig` requires for Realtime. */
function realtimeOf(config: Config): { url: string; key: string; jwtSecret: string } {
  const { REALTIME_URL: url, REALTIME_KEY: key, REALTIME_JWT_SECRET: jwtSecret } = config;
  if (url === undefined || key === undefined || jwtSecret === undefined)
    throw new Error(
      "FF_SUPABASE_SSE_BROADCAST needs REALTIME_URL, REALTIME_KEY and REALTIME_JWT_SECRET",
    );
  return { url, key, jwtSecret };
}
