import { Router } from "express";
import { z } from "zod";
import type { AppDeps } from "../app-deps.ts";
import { newEpoch } from "../lib/streams/ad-hoc-events.ts";
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
    /** True: another run with a new epoch. False: the session's first run. */
    restart: z.boolean().default(false),
  })
  .refine((plan) => plan.gates < plan.events, {
    path: ["gates"],
    message: "must be fewer than events",
  });

const Gate = z.strictObject({ gate: z.string().min(1).max(200), answer: z.string().max(10_000) });

const REFUSALS: Readonly<Record<Exclude<GateResult, "taken">, string>> = {
  "not-waiting": "The pipeline is not waiting at this gate.",
  "already-answered": "This gate already has an answer.",
  "not-running": "No reachable instance runs a pipeline of this session.",
  "no-broker":
    "This instance runs no pipeline of this session, and no broker connects it to others.",
  "broker-away": "This instance runs no pipeline of this session, and the broker is down.",
  unconfirmed: "No instance confirmed the answer in time. The pipeline may have taken it.",
};

/** Starts pipelines and accepts answers to their gates. */
export function pipelineRoutes({
  tokens,
  readiness,
  rateLimit,
  runner,
  gates,
  instance,
}: AppDeps): Router {
  const router = Router();
  const bySession = rateLimit<{ id: string }>((req) => `session:${req.params.id}`);

  router
    .route("/:id/pipeline")
    .post(requireSession(tokens), readiness.refuseWhenDraining, bySession, async (req, res) => {
      const { restart, ...plan } = readBody(req, Start);
      const epoch = restart ? newEpoch() : sessionOf(res).epoch;
      const outcome = await runner.start(req.params.id, epoch, plan).catch(storeAway);
      if (!outcome.taken) {
        res.status(202).json(outcome.started);
        return;
      }
      const detail = outcome.running
        ? `Instance ${outcome.by.instance} already runs a pipeline of this session.`
        : "The first pipeline of this session has ended. Send restart: true for another run.";
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

/** A durable pipeline starts only where its ownership can be stored. */
function storeAway(): never {
  throw new Problem(503, "Pipeline not started", "The broker is down. Try again.", {
    headers: { "retry-after": "1" },
    extra: { reason: "broker-away" },
  });
}
