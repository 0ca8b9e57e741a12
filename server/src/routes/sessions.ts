import { randomUUID } from "node:crypto";
import { Router, type Request, type Response } from "express";
import { z } from "zod";
import {
  CONNECTED_EVENT,
  type ConnectedNotice,
  type ResumeStatus,
  type SessionCreated,
} from "../contract/events.ts";
import type { AppDeps } from "../app-deps.ts";
import { nowMs } from "../../../common/clock.ts";
import { newEpoch } from "../lib/streams/ad-hoc-events.ts";
import { clientAddress } from "../lib/http/client-address.ts";
import { methodNotAllowed, Problem, readBody } from "../lib/http/problem.ts";
import { requireSession, sessionOf } from "../lib/http/session-auth.ts";
import { followLog } from "../lib/durable/follow-log.ts";
import { SseStream } from "../lib/streams/sse-stream.ts";

const Nothing = z.strictObject({});
const Message = z.strictObject({ text: z.string().min(1).max(10_000) });

/** Creates sessions, opens their streams, accepts chat messages. */
export function sessionsRoutes(deps: AppDeps): Router {
  const { config, tokens, readiness, rateLimit, adHocEvents, tokenIssuer } = deps;
  const router = Router();

  router
    .route("/")
    .post(
      readiness.refuseWhenDraining,
      rateLimit((req) => `address:${clientAddress(req.ip ?? "")}`),
      async (req, res) => {
        readBody(req, Nothing);
        const sessionId = randomUUID();
        const epoch = newEpoch();
        const expiresAt = Date.now() + config.SESSION_TTL_S * 1000;
        const created: SessionCreated = {
          sessionId,
          token: tokens.sign({ sessionId, epoch, expiresAt }),
          epoch,
        };
        if (tokenIssuer !== undefined)
          created.realtime = await tokenIssuer.access(sessionId, expiresAt);
        res.status(201).set("cache-control", "no-store").json(created);
      },
    )
    .all(methodNotAllowed("POST"));

  router
    .route("/:id/events")
    // Express answers HEAD like GET, here with a stream that never ends.
    .head(methodNotAllowed("GET"))
    .get(requireSession(tokens), readiness.refuseWhenDraining, (req, res) =>
      openStream(deps, req, res),
    )
    .all(methodNotAllowed("GET"));

  router
    .route("/:id/messages")
    .post(
      requireSession(tokens),
      rateLimit((req) => `session:${req.params.id}`),
      (req, res) => {
        const { text } = readBody(req, Message);
        res.status(202).json(adHocEvents.publish(req.params.id, "chat_message", { text }));
      },
    )
    .all(methodNotAllowed("POST"));
  return router;
}

async function openStream(
  deps: AppDeps,
  req: Request<{ id: string }>,
  res: Response,
): Promise<void> {
  const { broadcaster, config, connections, durable, instance, logger, metrics } = deps;
  const sessionId = req.params.id;
  const lastEventId = lastEventIdOf(req);
  checkRoom(deps, sessionId, res);

  const stream = new SseStream(res, config.RETRY_MS, {
    maxBufferBytes: config.MAX_STREAM_BUFFER_BYTES,
    onWritten: () => metrics.eventsWritten.inc(),
    onSlow: (bufferedBytes) => {
      metrics.slowSubscribers.inc();
      logger.warn(
        { sessionId, bufferedBytes, reason: "slow-subscriber" },
        "cut a stream whose client does not read",
      );
    },
  });
  connections.add(stream, sessionOf(res));
  res.on("close", () => connections.remove(stream));
  const notice = (status: ResumeStatus): string => {
    const connected: ConnectedNotice = {
      sessionId,
      instance,
      subscribedMs: nowMs(),
      resume: lastEventId === undefined ? { status } : { lastEventId, status },
      retryMs: config.RETRY_MS,
    };
    return `event: ${CONNECTED_EVENT}\ndata: ${JSON.stringify(connected)}\n\n`;
  };
  // An id from the start, so that a client cut before its first event can tell its position.
  const originId = `${sessionOf(res).epoch}-0`;
  if (durable !== undefined) {
    await followLog(durable.broadcaster, { sessionId, lastEventId, originId, stream, res, notice });
    return;
  }
  const unsubscribe = broadcaster.subscribe(sessionId, (event) => stream.event(event));
  res.on("close", unsubscribe);
  await broadcaster.ready(sessionId);
  // This stream does not replay events (the event log has its own route), so it cannot resume.
  if (lastEventId === undefined) stream.open(`id: ${originId}\n${notice("none")}`);
  else stream.open(notice("unsupported"));
}

/**
 * Bounds the memory of streams. Nothing is awaited between this check and {@link openStream}.
 * @throws Problem if the session or the instance has no room for another stream
 */
function checkRoom({ config, connections }: AppDeps, sessionId: string, res: Response): void {
  // Behind another answer of its connection, it would wait for that one, perhaps for ever. Node
  // does not tell such a response that its client has gone.
  if (res.socket === null)
    throw new Problem(409, "Stream not opened", "Open one connection for each stream.");
  const headers = { "retry-after": String(Math.max(1, Math.ceil(config.RETRY_MS / 1000))) };
  const { MAX_STREAMS, MAX_STREAMS_PER_SESSION } = config;
  if (connections.sizeOf(sessionId) >= MAX_STREAMS_PER_SESSION)
    throw new Problem(
      429,
      "Too many streams",
      `This session has ${MAX_STREAMS_PER_SESSION} open streams here. Close one first.`,
      { headers },
    );
  if (connections.size >= MAX_STREAMS)
    throw new Problem(
      503,
      "Too many streams",
      `This instance has ${MAX_STREAMS} open streams. Retry on another one.`,
      { headers },
    );
}

/** An EventSource sends the header on a reconnect. The query is for a new client that resumes. */
function lastEventIdOf(req: Request<{ id: string }>): string | undefined {
  const query: unknown = req.query["last_event_id"];
  const id = req.get("last-event-id") ?? (typeof query === "string" ? query : undefined);
  return id === "" ? undefined : id;
}
