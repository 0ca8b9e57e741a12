import { sleep } from "k6";
import http from "k6/http";
import type { RequestObservation } from "../../../harness/history/observation.ts";
import { BackOff } from "../../../harness/load/portable/back-off.ts";
import { ENGINE_LIMITS } from "../../../harness/load/portable/engine-limits.ts";
import type { LoadPlan } from "../../../harness/load/portable/load-plan.ts";
import type { SessionSchedule } from "../../../harness/load/portable/load-schedule.ts";
import { pipelinePlan, requestObservation } from "../../../harness/load/portable/session-plan.ts";
import { parseJson } from "../../../common/portable/parse-json.ts";
import { RETRYABLE_STATUSES } from "../../../harness/load/portable/retryable-status.ts";
import {
  INSTANCE_HEADER,
  type GateResponse,
  type PipelinePlan,
  type SessionCreated,
} from "../../../server/src/contract/events.ts";
import { nowMs } from "../output/clock.ts";
import { namesEpoch, readCreated, readHealth, readStarted } from "../../../harness/load/portable/session/read-answers.ts";
import type { RunTimes } from "../plan/run-times.ts";
import type { SessionRecorder } from "../output/session-recorder.ts";

export interface Answer {
  /** 0: none. */
  status: number;
  instance?: string;
  /** From `Retry-After` in seconds, if it was sent so, milliseconds. */
  retryAfterMs: number;
  /** The parsed body of a JSON answer, else undefined. */
  body: unknown;
}

/** What is sent until there is an answer. */
export type RetriedRequest = "create" | "start" | "gate";

type HttpArguments = Parameters<typeof http.request<"text">>;
/** What is read of k6's answer. */
interface HttpResponse {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string | null;
}

/**
 * The requests of one session's page beside its stream, as the native engine's `SessionRequests` makes them. They block the VU: nothing is
 * read from its stream meanwhile.
 */
export class SessionRequests {
  readonly #load: LoadPlan;
  readonly #schedule: SessionSchedule;
  readonly #times: RunTimes;
  readonly #account: SessionRecorder;
  readonly #backOff: BackOff;
  /** Known once the session is created. */
  created: SessionCreated | undefined;

  constructor(load: LoadPlan, schedule: SessionSchedule, times: RunTimes, account: SessionRecorder) {
    this.#load = load;
    this.#schedule = schedule;
    this.#times = times;
    this.#account = account;
    const { backOffBaseMs, backOffCapMs } = ENGINE_LIMITS;
    this.#backOff = new BackOff(backOffBaseMs, backOffCapMs, schedule.jitterSeed ^ 0x5bd1e995);
  }

  /** True when nobody waits any longer. */
  get isOver(): boolean {
    return nowMs() >= this.#times.deadlineMs;
  }

  /** Asks an instance for its clock. The native engine shares that clock and need not ask, so this is no request of the session. */
  readClock(): void {
    this.#ask("GET", "/healthz");
  }

  /** Cheap requests of the same page; whether they succeed is nobody's business. */
  background(count: number): void {
    for (let i = 0; i < count && !this.isOver; i++) this.send("background", "GET", "/healthz");
  }

  /** Creates the session. Undefined: refused for good, or no success before the drain. */
  create(): SessionCreated | undefined {
    const answer = this.#untilAnswered("create", "/api/sessions", {});
    this.created = answer?.status === 201 ? readCreated(answer.body) : undefined;
    return this.created;
  }

  /** Starts the pipeline. True when it runs. */
  start(): boolean {
    return this.hasStarted(this.#untilAnswered("start", `${this.path}/pipeline`, this.pipelinePlan));
  }

  /** Answers a gate, and records the answer's status if there was an answer. */
  answerGate(gate: string): void {
    this.recordGate(gate, this.#untilAnswered("gate", `${this.path}/pipeline/gate`, approvalOf(gate)));
  }

  /** Of the created session. */
  get path(): string {
    return `/api/sessions/${encodeURIComponent(this.created?.sessionId ?? "")}`;
  }

  /** Sends once, and records the answer. */
  send(request: RequestObservation["request"], method: "GET" | "POST", path: string, body?: unknown): Answer {
    return this.record(request, this.#ask(method, path, body));
  }

  protected get pipelinePlan(): PipelinePlan {
    return pipelinePlan(this.#load, this.#schedule);
  }

  /** A 409 that names the running epoch answers an earlier try that got through. */
  protected hasStarted(answer: Answer | undefined): boolean {
    if (answer === undefined) return false;
    const started = readStarted(answer.body);
    if (answer.status === 202 && started !== undefined) this.#account.started(started);
    return answer.status === 202 || (answer.status === 409 && namesEpoch(answer.body));
  }

  protected recordGate(gate: string, answer: Answer | undefined): void {
    if (answer === undefined) return;
    const { session } = this.#account;
    this.#account.record({
      type: "gate",
      session,
      gate,
      state: "answered",
      status: answer.status,
      atMs: nowMs(),
    });
  }

  protected record(request: RequestObservation["request"], answer: Answer): Answer {
    // What the end of the load cut off says nothing about the topology.
    if (this.isOver) return answer;
    const sessionId = request === "create" ? readCreated(answer.body)?.sessionId : undefined;
    this.#account.record(requestObservation(this.#account.session, request, answer, sessionId, nowMs()));
    return answer;
  }

  /** The next try of a request that was not answered for good is a first one again. */
  protected beginTries(): void {
    this.#backOff.reset();
  }

  /** How long to wait before the next try, milliseconds. Undefined: no answer would be of use any more. */
  protected retryDelayMs(request: RetriedRequest, { retryAfterMs }: Answer): number | undefined {
    const leftMs = this.#times.deadlineMs - nowMs();
    // Gates may still be offered in the drain; a pipeline that starts then would have no time left to be seen.
    if (leftMs <= 0 || (nowMs() >= this.#times.drainMs && request !== "gate")) return undefined;
    return Math.max(0, Math.min(Math.max(retryAfterMs, this.#backOff.nextMs()), leftMs));
  }

  /** The arguments of `http.request`. */
  protected argumentsOf(method: "GET" | "POST", path: string, body?: unknown): HttpArguments {
    const { created } = this;
    const leftMs = Math.max(1, Math.ceil(this.#times.deadlineMs - nowMs()));
    const params = {
      headers: {
        ...(created ? { "x-session-id": created.sessionId, authorization: `Bearer ${created.token}` } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      redirects: 0,
      // One name for all sessions, so that k6 keeps one figure and not one for each.
      tags: { name: `${method} ${withoutId(path)}` },
      timeout: `${Math.min(ENGINE_LIMITS.controlTimeoutMs, leftMs)}ms`,
    };
    return [method, `${this.#load.url}${path}`, body === undefined ? null : JSON.stringify(body), params];
  }

  /** What k6 says of an answer; where that is an instance's clock, it is read. */
  protected answerOf(response: HttpResponse, path: string, askedMs: number): Answer {
    const answeredMs = nowMs();
    const answer = toAnswer(response.status, response.headers, response.body);
    const health = path === "/healthz" && answer.status === 200 ? readHealth(answer.body) : undefined;
    if (health !== undefined) this.#account.clock(health.instance, askedMs, health.clockMs, answeredMs);
    return answer;
  }

  /** Sends until there is an answer that is not "try again"; undefined once the load is over. */
  #untilAnswered(request: RetriedRequest, path: string, body: unknown): Answer | undefined {
    this.beginTries();
    while (!this.isOver) {
      const answer = this.send(request, "POST", path, body);
      if (!RETRYABLE_STATUSES.has(answer.status)) return answer;
      const delayMs = this.retryDelayMs(request, answer);
      if (delayMs === undefined) return undefined;
      sleep(delayMs / 1000);
    }
    return undefined;
  }

  #ask(method: "GET" | "POST", path: string, body?: unknown): Answer {
    const askedMs = nowMs();
    return this.answerOf(http.request(...this.argumentsOf(method, path, body)), path, askedMs);
  }
}

/** The answer to a gate is always the same. */
export const approvalOf = (gate: string): GateResponse => ({ gate, answer: "approve" });

const withoutId = (path: string): string => path.replace(/^(\/api\/sessions\/)[^/]+/, "$1:id");

const toAnswer = (
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | ArrayBuffer | null,
): Answer => {
  const instance = headerOf(headers, INSTANCE_HEADER);
  const retryAfter = Number(headerOf(headers, "retry-after") ?? NaN);
  const isJson = typeof body === "string" && /\bjson\b/.test(headerOf(headers, "content-type") ?? "");
  return {
    status,
    ...(instance === undefined ? {} : { instance }),
    retryAfterMs: retryAfter >= 0 ? retryAfter * 1000 : 0,
    body: isJson ? parseJson(body) : undefined,
  };
};

/** k6 writes names as Go does (`X-Instance`), whatever was sent. */
export const headerOf = (
  headers: Readonly<Record<string, string>> | null,
  name: string,
): string | undefined =>
  Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
