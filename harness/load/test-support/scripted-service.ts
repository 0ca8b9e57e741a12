import type { IncomingMessage, ServerResponse } from "node:http";
import { nowMs } from "../../../common/clock.ts";
import { HttpService, type SeenRequest } from "./http-service.ts";

/**
 * Handles one request to open a stream (`attempt` counts from 1 within the session), or returns
 * false for the usual answer.
 */
export type StreamScript = (
  attempt: number,
  request: IncomingMessage,
  response: ServerResponse,
) => boolean;
/** Status to answer the n-th POST of a kind with (from 1), or undefined for the usual answer. */
export type PostScript = (
  kind: "create" | "pipeline" | "gate",
  count: number,
) => number | "no route" | undefined;

interface FakeSession {
  attempts: number;
  stream: ServerResponse | undefined;
  /** Up to this event its client has had the run, as it says. */
  seen: number;
  /** Frames of all events of the run; those from `released` on wait for a gate. */
  frames: string[];
  released: number;
  gates: number[];
}

/**
 * A service that keeps the event contract so long as its script does not make it misbehave: a test
 * says what goes wrong. It remembers events and replays after Last-Event-ID; a run's events leave
 * at once, up to the next gate.
 */
export class ScriptedService extends HttpService {
  onStream: StreamScript = () => false;
  onPost: PostScript = () => undefined;
  readonly #sessions = new Map<string, FakeSession>();
  readonly #posts = { create: 0, pipeline: 0, gate: 0 };

  protected answer(
    { url, body }: SeenRequest,
    response: ServerResponse,
    request: IncomingMessage,
  ): void {
    response.setHeader("x-instance", "scripted");
    const [, , , id = "", what] = url.split(/[/?]/);
    if (url === "/healthz") {
      response.setHeader("content-type", "application/json");
      return void response.end(
        JSON.stringify({ status: "ok", instance: "scripted", clockMs: nowMs() }),
      );
    }
    if (url === "/api/sessions") {
      this.#post("create", response, () => this.#create());
      return;
    }
    const session = this.#sessions.get(id);
    if (session === undefined) return void response.writeHead(404).end();
    if (what === "events") {
      this.#openStream(id, session, request, response);
      return;
    }
    if (url.endsWith("/gate")) {
      this.#post("gate", response, () => this.#release(session));
      return;
    }
    this.#post("pipeline", response, () => this.#run(id, session, JSON.parse(body) as RunPlan));
  }

  #post(
    kind: "create" | "pipeline" | "gate",
    response: ServerResponse,
    answer: () => unknown,
  ): void {
    const status = this.onPost(kind, ++this.#posts[kind]);
    if (status === 0) return void response.destroy();
    if (status === "no route") {
      // The router answers by itself.
      response.removeHeader("x-instance");
      return void response.writeHead(404).end();
    }
    if (status !== undefined) return void response.writeHead(status, { "retry-after": "0" }).end();
    response.setHeader("set-cookie", `${kind}=${this.#posts[kind]}; Path=/; HttpOnly`);
    response.writeHead(kind === "create" ? 201 : 202, { "content-type": "application/json" });
    response.end(JSON.stringify(answer()));
  }

  #create(): object {
    const sessionId = `id${this.#sessions.size}`;
    this.#sessions.set(sessionId, {
      attempts: 0,
      stream: undefined,
      seen: 0,
      frames: [],
      released: 0,
      gates: [],
    });
    return { sessionId, token: `token-of-${sessionId}`, epoch: "e1" };
  }

  #openStream(
    id: string,
    session: FakeSession,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    session.attempts++;
    if (this.onStream(session.attempts, request, response)) return;
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.write(`retry: 20\n\n${connectedFrame(id)}`);
    const seen = Number(String(request.headers["last-event-id"] ?? "e1-0").split("-")[1]);
    response.write(session.frames.slice(seen, session.released).join(""));
    session.seen = seen;
    session.stream = response;
  }

  #run(id: string, session: FakeSession, plan: RunPlan): object {
    for (let seq = 1; seq <= plan.events; seq++) {
      const gate = seq <= plan.gates ? `g${seq}` : undefined;
      const type =
        seq === plan.events ? "pipeline_complete" : gate ? "pipeline_gate" : "section_draft";
      const times = { instance: "scripted", intendedMs: nowMs(), publishedMs: nowMs() };
      const data = {
        type,
        sessionId: id,
        epoch: "e1",
        seq,
        total: plan.events,
        ...times,
        payload: { gate },
      };
      session.frames.push(`id: e1-${seq}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
      if (gate) session.gates.push(seq);
    }
    this.#release(session);
    return { epoch: "e1", total: plan.events, instance: "scripted" };
  }

  #release(session: FakeSession): object {
    const end = session.gates.shift() ?? session.frames.length;
    // A client that is back before its run has started has had an event all the same, where a
    // script sent one.
    session.stream?.write(
      session.frames.slice(Math.max(session.released, session.seen), end).join(""),
    );
    session.released = end;
    return {};
  }
}

interface RunPlan {
  events: number;
  gates: number;
}

/**
 * The `connected` event of a stream. `retryMs` is for clients that cannot see the `retry:` field.
 */
export const connectedFrame = (sessionId: string, retryMs = 20): string => {
  const resume = { status: "none" };
  const notice = { sessionId, instance: "scripted", subscribedMs: nowMs(), resume, retryMs };
  return `event: connected\ndata: ${JSON.stringify(notice)}\n\n`;
};
