import express, { type Express } from "express";
import type { Logger } from "pino";
import { INSTANCE_HEADER } from "./contract/events.ts";
import type { Config } from "./config.ts";
import type { Broadcasting } from "./lib/broadcaster-choice.ts";
import type { Readiness } from "./drain.ts";
import type { EventLog } from "./lib/redis/event-log.ts";
import type { GateRelay } from "./lib/redis/gate-relay.ts";
import type { Metrics } from "./lib/metrics.ts";
import type { AdHocEvents } from "./lib/streams/ad-hoc-events.ts";
import { notFound, problemHandler } from "./lib/http/problem.ts";
import type { createRateLimit } from "./lib/http/rate-limit.ts";
import type { RealtimeTokenIssuer } from "./lib/realtime/realtime-token-issuer.ts";
import type { SessionTokens } from "./lib/http/session-token.ts";
import type { SSEBroadcaster, SubscriptionReadiness } from "./lib/sse-broadcaster.ts";
import type { SseConnections } from "./lib/streams/sse-connections.ts";
import type { PipelineRunner } from "./pipeline/pipeline-runner.ts";
import { operationsRoutes } from "./routes/operations.ts";
import { pipelineRoutes } from "./routes/pipeline.ts";
import { realtimeRoutes } from "./routes/realtime.ts";
import { sessionsRoutes } from "./routes/sessions.ts";
import { workflowRoutes } from "./routes/workflow.ts";

/** Everything the routes work with. */
export interface AppDeps {
  config: Config;
  instance: string;
  logger: Logger;
  metrics: Metrics;
  tokens: SessionTokens;
  readiness: Readiness;
  rateLimit: ReturnType<typeof createRateLimit>;
  broadcaster: SSEBroadcaster & SubscriptionReadiness;
  connections: SseConnections;
  runner: PipelineRunner;
  gates: GateRelay;
  adHocEvents: AdHocEvents;
  brokerState: Broadcasting["brokerState"];
  realtimeAccess?: RealtimeTokenIssuer;
  eventLog?: EventLog;
}

/** The HTTP application. It does not listen. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", deps.config.TRUST_PROXY);
  app.use((req, res, next) => {
    res.set(INSTANCE_HEADER, deps.instance);
    // Routers keep idle connections; one that is told to close is not used for the next request.
    if (deps.readiness.draining) res.set("connection", "close");
    res.on("close", () => {
      const route: unknown = (req.route as { path?: unknown } | undefined)?.path;
      deps.metrics.httpRequests.inc({
        method: req.method,
        route: typeof route === "string" ? req.baseUrl + route : "(none)",
        status: res.statusCode,
      });
    });
    next();
  });
  app.use(operationsRoutes(deps));
  app.use("/api", express.json({ limit: deps.config.BODY_LIMIT_BYTES }));
  app.use(
    "/api/sessions",
    sessionsRoutes(deps),
    pipelineRoutes(deps),
    workflowRoutes(deps),
    realtimeRoutes(deps),
  );
  app.use(notFound);
  app.use(problemHandler(deps.logger));
  return app;
}
