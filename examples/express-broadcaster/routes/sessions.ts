import { randomUUID } from "node:crypto";
import { type Response, Router } from "express";
import { broadcaster, type PipelineSSEEvent } from "../lib/sse-broadcaster.ts";

/** Sends an event to every open stream of a session, on whatever instance. */
export function broadcast(sessionId: string, event: string, data: object): void {
  broadcaster.publish(sessionId, { event, data });
}

const emitterOf =
  (response: Response) =>
  ({ event, data }: PipelineSSEEvent): void => {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };

export const sessions = Router();

sessions.post("/", (_request, response) => {
  response.status(201).json({ sessionId: randomUUID() });
});

sessions.get("/:id/events", (request, response) => {
  const { id } = request.params;
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    connection: "keep-alive",
  });
  response.write(": connected\n\n");
  request.on("close", broadcaster.subscribe(id, emitterOf(response)));
});

sessions.post("/:id/messages", (request, response) => {
  broadcast(request.params.id, "chat", request.body as object);
  response.sendStatus(202);
});
