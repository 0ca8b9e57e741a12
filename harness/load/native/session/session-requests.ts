import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type {
  GateResponse,
  RealtimeAccess,
  RealtimeToken,
  SessionCreated,
} from "../../../../server/src/contract/events.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { RequestObservation } from "../../../history/observation.ts";
import { BackOff } from "../../portable/back-off.ts";
import type { ControlAnswer } from "../transport/control-client.ts";
import type { CookieStore } from "../transport/cookie-store.ts";
import type { LogAnswer } from "../../portable/realtime/session-feed.ts";
import type { SessionSchedule } from "../../portable/load-schedule.ts";
import { pipelinePlan, requestObservation } from "../../portable/session-plan.ts";
import type { ShardContext } from "../workers/shard-context.ts";
import { RETRYABLE_STATUSES } from "../../portable/retryable-status.ts";

const sessionCreated: z.ZodType<SessionCreated> = z.object({
  sessionId: z.string().min(1),
  token: z.string().min(1),
  epoch: z.string(),
});
const withEpoch = z.object({ epoch: z.string() });
const token = { token: z.string().min(1), expiresAt: z.number() };
const realtimeToken: z.ZodType<RealtimeToken> = z.object(token);
const realtimeAccess: z.ZodType<{ realtime: RealtimeAccess }> = z.object({
  realtime: z.object({
    ...token,
    url: z.url({ protocol: /^(wss?|https?)$/ }),
    apikey: z.string(),
    topic: z.string().min(1),
    catchUp: z.boolean(),
  }),
});
const logAnswer: z.ZodType<LogAnswer> = z.object({
  status: z.enum(["replayed", "window-exceeded", "epoch-changed"]),
  events: z.array(z.unknown()),
});

/**
 * The fetches of one session's page. With both client models the page's own code retries a failed POST until the drain:
 * EventSource governs the stream, not the fetches beside it.
 */
export class SessionRequests {
  readonly #context: ShardContext;
  readonly #schedule: SessionSchedule;
  readonly #cookies: CookieStore;
  readonly #backOff: BackOff;
  /** Known once the session is created. */
  created: SessionCreated | undefined;

  constructor(context: ShardContext, schedule: SessionSchedule, cookies: CookieStore) {
    this.#context = context;
    this.#schedule = schedule;
    this.#cookies = cookies;
    const { backOffBaseMs, backOffCapMs } = context.limits;
    this.#backOff = new BackOff(backOffBaseMs, backOffCapMs, schedule.jitterSeed ^ 0x5bd1e995);
  }

  /** Cheap requests of the same page; whether they succeed is nobody's business. */
  async background(count: number): Promise<void> {
    for (let i = 0; i < count && !this.#context.signal.aborted; i++)
      await this.#send("background", "GET", "/healthz");
  }

  /** Creates the session. `undefined`: refused for good, or no success before the drain. */
  async create(): Promise<SessionCreated | undefined> {
    const answer = await this.#untilAnswered("create", "/api/sessions", {});
    const created = sessionCreated.safeParse(answer?.body);
    if (answer?.status !== 201 || !created.success) return undefined;
    this.created = { ...created.data, ...realtimeAccess.safeParse(answer.body).data };
    return this.created;
  }

  /** Starts the pipeline. True when it runs: a 409 that names the running epoch answers an earlier try that got through. */
  async start(): Promise<boolean> {
    const plan = pipelinePlan(this.#context.plan, this.#schedule);
    const answer = await this.#untilAnswered("start", `${this.#path()}/pipeline`, plan);
    if (answer === undefined) return false;
    return answer.status === 202 || (answer.status === 409 && withEpoch.safeParse(answer.body).success);
  }

  /** Answers a gate, and records the answer's status if there was an answer. */
  async answerGate(gate: string): Promise<void> {
    const response: GateResponse = { gate, answer: "approve" };
    const answer = await this.#untilAnswered("gate", `${this.#path()}/pipeline/gate`, response);
    if (answer === undefined) return;
    const { session } = this.#schedule;
    this.#context.recorder.record({
      type: "gate",
      session,
      gate,
      state: "answered",
      status: answer.status,
      atMs: nowMs(),
    });
  }

  /** Asks once for a new token of the session's channel; `undefined` when there was none. */
  async token(): Promise<RealtimeToken | undefined> {
    const answer = await this.#send("token", "POST", `${this.#path()}/realtime-token`);
    return realtimeToken.safeParse(answer.body).data;
  }

  /** Asks once for what the event log has after an event id; `undefined` when there was no answer. */
  async log(after: string | undefined): Promise<LogAnswer | undefined> {
    const query = after === undefined ? "" : `?after=${after}`;
    const answer = await this.#send("log", "GET", `${this.#path()}/log${query}`);
    return logAnswer.safeParse(answer.body).data;
  }

  #path(): string {
    return `/api/sessions/${encodeURIComponent(this.created?.sessionId ?? "")}`;
  }

  /** Sends until there is an answer that is not "try again"; `undefined` once the load is over. */
  async #untilAnswered(
    request: RequestObservation["request"],
    path: string,
    body: unknown,
  ): Promise<ControlAnswer | undefined> {
    const { signal } = this.#context;
    this.#backOff.reset();
    for (;;) {
      const answer = await this.#send(request, "POST", path, body);
      if (!RETRYABLE_STATUSES.has(answer.status)) return answer;
      // Gates may still be offered in the drain; a pipeline that starts then would have no time left to be seen.
      if (signal.aborted || (this.#context.draining && request !== "gate")) return undefined;
      await sleep(Math.max(answer.retryAfterMs ?? 0, this.#backOff.nextMs()), undefined, { signal });
    }
  }

  async #send(
    request: RequestObservation["request"],
    method: "GET" | "POST",
    path: string,
    body?: unknown,
  ): Promise<ControlAnswer> {
    const { created } = this;
    const answer = await this.#context.control.send({
      method,
      path,
      body,
      headers: {
        ...this.#cookies.headers(),
        ...(created ? { "x-session-id": created.sessionId, authorization: `Bearer ${created.token}` } : {}),
      },
    });
    this.#cookies.take(answer.setCookies);
    const sessionId =
      request === "create" ? sessionCreated.safeParse(answer.body).data?.sessionId : undefined;
    // What the end of the load cut off says nothing about the topology.
    if (this.#context.signal.aborted) return answer;
    this.#context.recorder.record(
      requestObservation(this.#schedule.session, request, answer, sessionId, nowMs()),
    );
    return answer;
  }
}
