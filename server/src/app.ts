import express, { type Express } from "express";
import type { AppDeps } from "./app-deps.ts";
import { INSTANCE_HEADER } from "./contract/events.ts";
import { jsonBody } from "./lib/http/json-body.ts";
import { notFound, problemHandler } from "./lib/http/problem.ts";
import { operationsRoutes } from "./routes/operations.ts";
import { pipelineRoutes } from "./routes/pipeline.ts";
import { realtimeRoutes } from "./routes/realtime.ts";
import { sessionsRoutes } from "./routes/sessions.ts";
import { workflowRoutes } from "./routes/workflow.ts";

/** The HTTP application. It does not listen. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", deps.config.TRUST_PROXY);
  app.use((req, res, next) => {
    res.set(INSTANCE_HEADER, deps.instance);
    // Routers keep idle connections. They do not reuse one that they are told to close.
    if (deps.readiness.draining) res.set("connection", "close");
    res.on("close", () => {
      const route: unknown = (req.route as { path?: unknown } | undefined)?.path;
      deps.metrics.httpRequests.inc({
        method: req.method,
        // Routes ignore case, and each spelling would be a series.
        route: typeof route === "string" ? req.baseUrl.toLowerCase() + route : "(none)",
        status: res.statusCode,
      });
    });
    next();
  });
  app.use(operationsRoutes(deps));
  app.use("/api", jsonBody(deps.config.BODY_LIMIT_BYTES));
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
