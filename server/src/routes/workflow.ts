import { Router } from "express";
import { z } from "zod";
import type { AppDeps } from "../app-deps.ts";
import { methodNotAllowed, readBody } from "../lib/http/problem.ts";
import { requireSession } from "../lib/http/session-auth.ts";

const Replan = z.strictObject({ instruction: z.string().min(1).max(10_000) });
const Preferences = z.strictObject({ preferences: z.record(z.string(), z.unknown()) });

/** Publishes workflow changes of a user to the session's streams. */
export function workflowRoutes({ tokens, rateLimit, adHocEvents }: AppDeps): Router {
  const router = Router();
  const bySession = rateLimit<{ id: string }>((req) => `session:${req.params.id}`);

  router
    .route("/:id/workflow/replan")
    .post(requireSession(tokens), bySession, (req, res) => {
      res.status(202).json(adHocEvents.publish(req.params.id, "replan", readBody(req, Replan)));
    })
    .all(methodNotAllowed("POST"));

  router
    .route("/:id/workflow/preferences")
    .post(requireSession(tokens), bySession, (req, res) => {
      res
        .status(202)
        .json(adHocEvents.publish(req.params.id, "preferences", readBody(req, Preferences)));
    })
    .all(methodNotAllowed("POST"));
  return router;
}
