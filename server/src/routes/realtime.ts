import { Router, type Request } from "express";
import { z } from "zod";
import { readLogPosition, type LogPosition } from "../../../common/portable/event-id.ts";
import type { AppDeps } from "../app-deps.ts";
import type { EventLogPage } from "../contract/events.ts";
import type { EventLog } from "../lib/redis/event-log.ts";
import { methodNotAllowed, Problem, readBody } from "../lib/http/problem.ts";
import { requireSession, sessionOf } from "../lib/http/session-auth.ts";

const Nothing = z.strictObject({});

/** For pages that subscribe to Supabase Realtime themselves: new channel tokens, missed events. */
export function realtimeRoutes({
  tokens,
  rateLimit,
  tokenIssuer,
  eventLog,
  logger,
}: AppDeps): Router {
  const router = Router();
  const bySession = rateLimit<{ id: string }>((req) => `session:${req.params.id}`);

  router
    .route("/:id/realtime-token")
    // Allowed during a drain, because the page's channel does not depend on this instance.
    .post(requireSession(tokens), bySession, async (req, res) => {
      if (tokenIssuer === undefined)
        throw new Problem(404, "No Realtime", "This deployment does not use Supabase Realtime.");
      readBody(req, Nothing);
      const token = await tokenIssuer.token(req.params.id, sessionOf(res).expiresAt);
      res.set("cache-control", "no-store").json(token);
    })
    .all(methodNotAllowed("POST"));

  router
    .route("/:id/log")
    .get(requireSession(tokens), bySession, async (req, res) => {
      if (eventLog === undefined)
        throw new Problem(404, "No event log", "This deployment has no event log.");
      const page = await readLog(eventLog, req, (error) =>
        logger.warn({ reason: String(error) }, "cannot read the event log"),
      );
      res.set("cache-control", "no-store").json(page);
    })
    .all(methodNotAllowed("GET"));
  return router;
}

async function readLog(
  eventLog: EventLog,
  req: Request<{ id: string }>,
  report: (error: unknown) => void,
): Promise<EventLogPage> {
  const after = positionOf(req.query["after"]);
  try {
    return await eventLog.read(req.params.id, after);
  } catch (error) {
    report(error);
    throw new Problem(503, "Event log unavailable", "The event log is unavailable. Try again.", {
      headers: { "retry-after": "1" },
    });
  }
}

/** @throws Problem 400 if it is not one event id */
function positionOf(after: unknown): LogPosition | undefined {
  if (after === undefined) return undefined;
  const position = readLogPosition(after);
  if (position !== undefined) return position;
  const problem = "must be one event id, <epoch>-<seq>";
  throw new Problem(400, "Invalid query", `after: ${problem}`, {
    extra: { errors: [{ field: "after", problem }] },
  });
}
