import { randomUUID } from "node:crypto";
import { type Response, Router } from "express";

type Emitter = (event: string, data: object) => void;

/** The open streams of each session, in the memory of this process. */
export const sseConnections = new Map<string, Array<Emitter>>();

/** Sends an event to every open stream of a session. */
export function broadcast(sessionId: string, event: string, data: object): void {
  for (const emit of sseConnections.get(sessionId) ?? []) emit(event, data);
}

const emitterOf =
  (response: Response): Emitter =>
  (event, data) => {
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
  const emit = emitterOf(response);
  sseConnections.set(id, [...(sseConnections.get(id) ?? []), emit]);
  request.on("close", () => {
    const others = (sseConnections.get(id) ?? []).filter((other) => other !== emit);
    if (others.length > 0) sseConnections.set(id, others);
    else sseConnections.delete(id);
  });
});

sessions.post("/:id/messages", (request, response) => {
  broadcast(request.params.id, "chat", request.body as object);
  response.sendStatus(202);
});
