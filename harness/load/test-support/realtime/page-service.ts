import { webSocketUrlOf } from "../../../../common/portable/realtime/urls.ts";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose";
import {
  SESSION_CLAIM,
  sessionChannel,
  type EventLogPage,
  type Health,
  type PipelineSSEEvent,
  type RealtimeToken,
  type SessionCreated,
} from "../../../../server/src/contract/events.ts";
import type { TestStandIn } from "../../../../standins/realtime/server/test-support/start-stand-in.ts";
import { nowMs } from "../../../../common/clock.ts";
import { broadcast, runEvent } from "./broadcasts.ts";

export interface PageServiceOptions {
  realtime: TestStandIn;
  /** Events of every run. */
  total: number;
  tokenTtlS: number;
  catchUp: boolean;
}

/**
 * The requests of a page of phase 3, answered without a pipeline behind them: the test publishes
 * each event itself, as often, as late and in what order it likes, or not at all. The event log has
 * what was published.
 */
export class PageService {
  readonly #options: PageServiceOptions;
  readonly #server: Server = createServer(
    (request, response) => void this.#onRequest(request, response),
  );
  readonly #sessions: string[] = [];
  readonly #started = new Set<string>();
  readonly gates: unknown[] = [];
  /** Numbers that the log has. */
  readonly #logged = new Set<number>();
  /** Status of refused token requests. */
  refuseTokens: number | undefined;

  private constructor(options: PageServiceOptions) {
    this.#options = options;
  }

  static async start(options: PageServiceOptions): Promise<PageService> {
    const service = new PageService(options);
    service.#server.listen(0, "127.0.0.1");
    await once(service.#server, "listening");
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sessions whose run was started, in the order of their creation. */
  get started(): string[] {
    return this.#sessions.filter((sessionId) => this.#started.has(sessionId));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  event(sessionId: string, seq: number): PipelineSSEEvent {
    const event = runEvent(seq, this.#options.total, { sessionId });
    return seq === 2 ? { ...event, type: "pipeline_gate", payload: { gate: "g1" } } : event;
  }

  /** Puts them into the log of every session, and nowhere else. */
  log(...seqs: number[]): void {
    for (const seq of seqs) this.#logged.add(seq);
  }

  /**
   * Logs these numbers, and broadcasts them to every session in this order.
   * @throws Error when Realtime does not take them
   */
  async publish(...seqs: number[]): Promise<void> {
    this.log(...seqs);
    const { url, serviceKey } = this.#options.realtime;
    const messages = seqs.flatMap((seq) =>
      this.#sessions.map((sessionId) => {
        const { event, payload } = broadcast(this.event(sessionId, seq));
        return { topic: sessionChannel(sessionId), event, payload, private: true };
      }),
    );
    const answer = await fetch(`${url.replace(/\/socket$/, "")}/api/broadcast`, {
      method: "POST",
      headers: { authorization: `Bearer ${serviceKey}`, "content-type": "application/json" },
      body: JSON.stringify({ messages }),
    });
    if (answer.status !== 202)
      throw new Error(`broadcast: ${answer.status} ${await answer.text()}`);
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { pathname, searchParams } = new URL(request.url ?? "", this.url);
    const [, , , sessionId = "", what] = pathname.split("/");
    const answer = (status: number, value: object): void => {
      response.writeHead(status, { "content-type": "application/json", "x-instance": "i1" });
      response.end(JSON.stringify(value));
    };
    if (pathname === "/healthz")
      answer(200, { status: "ok", instance: "i1", clockMs: nowMs() } satisfies Health);
    else if (pathname === "/api/sessions") answer(201, await this.#create());
    else if (what === "realtime-token") {
      if (this.refuseTokens === undefined) answer(200, await this.#token(sessionId));
      else answer(this.refuseTokens, {});
    } else if (what === "log") answer(200, this.#readLog(sessionId, searchParams.get("after")));
    else if (pathname.endsWith("/gate")) {
      this.gates.push({ sessionId, ...(JSON.parse(body) as object) });
      answer(202, {});
    } else {
      if (what === "pipeline") this.#started.add(sessionId);
      answer(202, { epoch: "e1", total: this.#options.total, instance: "i1" });
    }
  }

  async #create(): Promise<SessionCreated> {
    const sessionId = `id${this.#sessions.push("")}`;
    this.#sessions[this.#sessions.length - 1] = sessionId;
    const { realtime, catchUp } = this.#options;
    return {
      sessionId,
      token: "t",
      epoch: "e1",
      realtime: {
        url: webSocketUrlOf(realtime.url),
        apikey: realtime.anonKey,
        topic: sessionChannel(sessionId),
        catchUp,
        ...(await this.#token(sessionId)),
      },
    };
  }

  async #token(sessionId: string): Promise<RealtimeToken> {
    const { realtime, tokenTtlS } = this.#options;
    const expiresS = Math.floor(Date.now() / 1000) + tokenTtlS;
    const token = await new SignJWT({ role: "sse_page", [SESSION_CLAIM]: sessionId })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuedAt()
      .setExpirationTime(expiresS)
      .sign(new TextEncoder().encode(realtime.jwtSecret));
    return { token, expiresInS: tokenTtlS, expiresAt: expiresS * 1000 };
  }

  #readLog(sessionId: string, after: string | null): EventLogPage {
    const from = Number((after ?? "e1-0").split("-")[1]);
    const seqs = [...this.#logged].filter((seq) => seq > from).sort((a, b) => a - b);
    return { status: "replayed", events: seqs.map((seq) => this.event(sessionId, seq)) };
  }
}
