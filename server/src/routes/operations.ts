import { Router } from "express";
import type { AppDeps } from "../app-deps.ts";
import type { Health } from "../contract/events.ts";
import { nowMs } from "../../../common/clock.ts";
import { methodNotAllowed, Problem } from "../lib/http/problem.ts";

/** `/healthz` (the process runs), `/readyz` (it accepts traffic), `/metrics` (Prometheus). */
export function operationsRoutes({
  instance,
  readiness,
  metrics,
  brokerState,
  brokerReason,
}: AppDeps): Router {
  const router = Router();
  router
    .route("/healthz")
    .get((_req, res) => {
      const health: Health = { status: "ok", instance, clockMs: nowMs() };
      res.json(health);
    })
    .all(methodNotAllowed("GET"));
  router
    .route("/readyz")
    .get((_req, res) => {
      if (readiness.draining)
        throw new Problem(503, "Draining", "This instance accepts no new traffic.");
      // Ready without the broker too: it still serves its own streams.
      // Left out of the JSON while there is no reason.
      const reason = brokerReason?.();
      res.json({ status: "ready", instance, broker: brokerState(), brokerReason: reason });
    })
    .all(methodNotAllowed("GET"));
  router
    .route("/metrics")
    .get(async (_req, res) => {
      res.type(metrics.registry.contentType).send(await metrics.registry.metrics());
    })
    .all(methodNotAllowed("GET"));
  return router;
}
