import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { PipelineSSEEvent } from "../contract/events.ts";
import type { BrokerState } from "../contract/ledger.ts";
import type { Durable } from "./durable/durable.ts";
import type { InstanceLink } from "./instance-link.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Metrics } from "./metrics.ts";
import type { RealtimeTokenIssuer } from "./realtime/realtime-token-issuer.ts";
import type { EventLog } from "./redis/event-log.ts";
import type { RedisConnection } from "./redis/redis-connection.ts";
import type { OnPublish, SSEBroadcaster, SubscriptionReadiness } from "./sse-broadcaster.ts";

/** How the events of this instance reach their streams. */
export interface Broadcasting {
  broadcaster: SSEBroadcaster & SubscriptionReadiness;
  /** Undefined when no broker connects the instances. */
  link: InstanceLink | undefined;
  /** Resolves when the broker has answered or refused for the first time. Never rejects. */
  settled: Promise<void>;
  /** `none`: no broker is configured. */
  brokerState: () => "none" | "up" | "down";
  /** Why it is down, or what does not work although it is up. Holds no secret. */
  brokerReason?: () => string | undefined;
  /** Present when clients subscribe to Realtime themselves. */
  tokenIssuer?: RealtimeTokenIssuer;
  eventLog?: EventLog;
  /** Present when streams and pipelines outlive an instance. */
  durable?: Durable;
}

/** What a broadcaster is built from. */
export interface BroadcastingDeps {
  config: Config;
  /** The connection to REDIS_URL. */
  redis: RedisConnection | undefined;
  logger: Logger;
  ledger: Ledger;
  metrics: Metrics;
  /** Names this process among all. */
  origin: string;
}

/** Callbacks of every broadcaster, for the ledger, the metrics and the log. */
export interface BroadcastReports {
  onPublish: OnPublish;
  /** Called for each event that `onPublish` reported and the broker then refused. */
  onRefused: (event: PipelineSSEEvent) => void;
  /** Called for each dropped message that is not an event of the session of its channel. */
  onMalformed: (sessionId: string) => void;
  onState: (state: BrokerState, reason?: string) => void;
}
