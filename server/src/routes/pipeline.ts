import { Router } from "express";
import { z } from "zod";
import type { AppDeps } from "../app-deps.ts";
import { newEpoch } from "../lib/streams/event-id.ts";
import type { GateResult } from "../pipeline/gate-relay.ts";
import { methodNotAllowed, Problem, readBody } from "../lib/http/problem.ts";
import { requireSession, sessionOf } from "../lib/http/session-auth.ts";

const Start = z
  .strictObject({
    events: z.int().min(1).max(1_000_000),
    eventsPerSecond: z.number().min(0.001).max(100_000),
    gates: z.int().min(0),
    payloadBytes: z.int().min(0).max(65_536),
    seed: z.int().min(-0x8000_0000).max(0xffff_ffff),
    /** True: a run of its own, with a fresh epoch. Otherwise it is the session's first run. */
    restart: z.boolean().default(false),
  })
  .refine((plan) => plan.gates < plan.events, { path: ["gates"], message: "must be fewer than events" });

const Gate = z.strictObject({ gate: z.string().min(1).max(200), answer: z.string().max(10_000) });

const REFUSALS: Readonly<Record<Exclude<GateResult, "taken">, string>> = {
  "not-waiting": "The pipeline is not waiting at this gate.",
  "already-answered": "This gate has been answered already.",
  "not-running": "No instance that the broker reaches runs a pipeline of this session.",
  "no-broker":
    "No pipeline of this session runs on this instance; it may run on another instance, and no broker connects them.",
  "broker-away":
    "No pipeline of this session runs on this instance, and the broker that connects it to the others is away.",
  unconfirmed:
    "The instance that runs the pipeline did not confirm in time; it may or may not have taken the answer.",
};

/** Starts pipelines and takes the answers to their gates. */
export function pipelineRoutes({ tokens, readiness, rateLimit, runner, gates, instance }: AppDeps): Router {
  const router = Router();
  const bySession = rateLimit<{ id: string }>((req) => `session:${req.params.id}`);

  router
    .route("/:id/pipeline")
    .post(requireSession(tokens), readiness.refuseWhenDraining, bySession, (req, res) => {
      const { restart, ...plan } = readBody(req, Start);
      const outcome = runner.start(req.params.id, restart ? newEpoch() : sessionOf(res).epoch, plan);
      if (!outcome.taken) {
        res.status(202).json(outcome.started);
        return;
      }
      const detail = outcome.running
        ? "A pipeline of this session is running on this instance."
        : "This session's first pipeline has already ended here; send restart: true for another run.";
      throw new Problem(409, "Pipeline not started", detail, {
        extra: { reason: outcome.running ? "running" : "ended", ...outcome.by },
      });
    })
    .all(methodNotAllowed("POST"));

  router
    .route("/:id/pipeline/gate")
    .post(requireSession(tokens), bySession, async (req, res) => {
      const response = readBody(req, Gate);
      const result = await gates.deliver(req.params.id, response);
      if (result !== "taken")
        throw new Problem(409, "Gate response not delivered", REFUSALS[result], {
          extra: { reason: result, gate: response.gate, instance },
        });
      res.status(202).json({ gate: response.gate });
    })
    .all(methodNotAllowed("POST"));
  return router;
}
