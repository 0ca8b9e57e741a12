import type { Logger } from "pino";
import type { Config } from "./config.ts";
import type { Readiness } from "./drain.ts";
import type { Broadcasting } from "./lib/broadcasting.ts";
import type { createRateLimit } from "./lib/http/rate-limit.ts";
import type { SessionTokens } from "./lib/http/session-token.ts";
import type { Metrics } from "./lib/metrics.ts";
import type { AdHocEvents } from "./lib/streams/ad-hoc-events.ts";
import type { SseConnections } from "./lib/streams/sse-connections.ts";
import type { Gates } from "./pipeline/gate-relay.ts";
import type { PipelineRunner } from "./pipeline/pipeline-runner.ts";

/** What the routes work with. */
export interface AppDeps extends Omit<Broadcasting, "link" | "settled"> {
  config: Config;
  instance: string;
  logger: Logger;
  metrics: Metrics;
  tokens: SessionTokens;
  readiness: Readiness;
  rateLimit: ReturnType<typeof createRateLimit>;
  connections: SseConnections;
  runner: PipelineRunner;
  gates: Gates;
  adHocEvents: AdHocEvents;
}
