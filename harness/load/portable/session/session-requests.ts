import type {
  GateResponse,
  PipelinePlan,
  PipelineStarted,
  RealtimeToken,
  SessionCreated,
} from "../../../../server/src/contract/events.ts";
import type { GateObservation, RequestObservation } from "../../../history/observation.ts";
import { BackOff } from "../back-off.ts";
import type { EngineLimits } from "../engine-limits.ts";
import type { LoadPlan } from "../load-plan.ts";
import type { SessionSchedule } from "../load-schedule.ts";
import type { LogAnswer } from "../realtime/session-feed.ts";
import { namesEpoch, readCreated, readLogAnswer, readStarted, readToken } from "./read-answers.ts";
import type { ControlAnswer, Steps } from "./session-steps.ts";

/** Answers to try again after: none, no instance behind the router, or a rate limit. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([0, 429, 502, 503, 504]);
/** Requests and stream draw their jitter from one seed, but not the same numbers. */
const JITTER_SALT = 0x5bd1e995;

type Request = RequestObservation["request"];

/** What the requests of a session need of the session itself. */
export interface RequestContext {
  readonly plan: LoadPlan;
  readonly schedule: SessionSchedule;
  readonly limits: EngineLimits;
  /** The load has ended. */
  readonly isOver: boolean;
  /** Every pipeline should have ended by now. */
  readonly isDraining: boolean;
  /** The engine's clock, milliseconds. */
  nowMs(): number;
  record(observation: RequestObservation | GateObservation): void;
  /** An instance runs the session's pipeline. */
  onStarted?(started: PipelineStarted): void;
}

/**
 * The requests of one session's page beside its stream. With every client model the page retries a
 * failed POST, with back-off and so long as a person would wait: the client model governs the
 * stream only.
 */
export class SessionRequests {
  readonly #context: RequestContext;
  readonly #backOff: BackOff;
  /** Known once the session is created. */
  #created: SessionCreated | undefined;

  constructor(context: RequestContext) {
    const { backOffBaseMs, backOffCapMs } = context.limits;
    this.#context = context;
    this.#backOff = new BackOff(
      backOffBaseMs,
      backOffCapMs,
      context.schedule.jitterSeed ^ JITTER_SALT,
    );
  }

  /** Cheap requests of the same page; their success does not matter. */
  *background(count: number): Steps<void> {
    for (let i = 0; i < count && !this.#context.isOver; i++)
      yield* this.#send("background", "GET", "/healthz");
  }

  /** Creates the session. Undefined: refused, or no success before the drain. */
  *create(): Steps<SessionCreated | undefined> {
    const answer = yield* this.#untilAnswered("create", "/api/sessions", {});
    this.#created = answer?.status === 201 ? readCreated(answer.body) : undefined;
    return this.#created;
  }

  /**
   * Starts the pipeline. True when it runs: a 409 that names the running epoch answers an earlier
   * try that got through.
   */
  *start(): Steps<boolean> {
    const { plan, schedule } = this.#context;
    const answer = yield* this.#untilAnswered(
      "start",
      `${this.#path}/pipeline`,
      pipelinePlan(plan, schedule),
    );
    if (answer?.status === 202) {
      const started = readStarted(answer.body);
      if (started !== undefined) this.#context.onStarted?.(started);
      return true;
    }
    return answer?.status === 409 && namesEpoch(answer.body);
  }

  /** Answers a gate, and records the status of the answer if there is one. */
  *answerGate(gate: string): Steps<void> {
    const response: GateResponse = { gate, answer: "approve" };
    const answer = yield* this.#untilAnswered("gate", `${this.#path}/pipeline/gate`, response);
    if (answer === undefined) return;
    const { session } = this.#context.schedule;
    const atMs = this.#context.nowMs();
    this.#context.record({
      type: "gate",
      session,
      gate,
      state: "answered",
      status: answer.status,
      atMs,
    });
  }

  /** Asks once for a new token of the session's channel. Undefined: no token. */
  *token(): Steps<RealtimeToken | undefined> {
    return readToken((yield* this.#send("token", "POST", `${this.#path}/realtime-token`)).body);
  }

  /** Asks once for the event log after an event id. Undefined: no answer. */
  *log(after: string | undefined): Steps<LogAnswer | undefined> {
    const query = after === undefined ? "" : `?after=${after}`;
    return readLogAnswer((yield* this.#send("log", "GET", `${this.#path}/log${query}`)).body);
  }

  get #path(): string {
    return `/api/sessions/${encodeURIComponent(this.#created?.sessionId ?? "")}`;
  }

  /** Sends until an answer is final. Undefined: the page gave up, or the time for it is over. */
  *#untilAnswered(request: Request, path: string, body: unknown): Steps<ControlAnswer | undefined> {
    this.#backOff.reset();
    for (let attempt = 1; !this.#context.isOver; attempt++) {
      const answer = yield* this.#send(request, "POST", path, body, attempt);
      if (!RETRYABLE_STATUSES.has(answer.status)) return answer;
      if (!this.#mayRetry(request, attempt)) return undefined;
      yield { waitMs: Math.max(answer.retryAfterMs ?? 0, this.#backOff.nextMs()) };
    }
    return undefined;
  }

  /**
   * A gate's page stays open, and a gate may still be offered in the drain. A new page gives up at
   * some point, and a pipeline that starts in the drain has no time to be seen.
   */
  #mayRetry(request: Request, attempt: number): boolean {
    const { isOver, isDraining, plan, limits } = this.#context;
    if (request === "gate") return !isOver;
    const most = plan.arrival === "ramp" ? Infinity : limits.requestAttempts;
    return !isOver && !isDraining && attempt < most;
  }

  /** Sends once, and records the answer. */
  *#send(
    request: Request,
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    attempt = 1,
  ): Steps<ControlAnswer> {
    const sentMs = this.#context.nowMs();
    const headers = this.#created === undefined ? {} : credentials(this.#created);
    const answer = (yield { method, path, headers, body }) ?? NO_ANSWER;
    // A request that the end of the load cut off says nothing about the topology.
    if (this.#context.isOver) return answer;
    const { status, instance, reason } = answer;
    const sessionId = request === "create" ? readCreated(answer.body)?.sessionId : undefined;
    this.#context.record({
      type: "request",
      session: this.#context.schedule.session,
      request,
      status,
      ...(instance === undefined ? {} : { instance }),
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(reason === undefined ? {} : { reason }),
      attempt,
      sentMs,
      atMs: this.#context.nowMs(),
    });
    return answer;
  }
}

const NO_ANSWER: ControlAnswer = { status: 0, body: undefined };

/** Headers that a page's fetch identifies itself with. */
export const credentials = ({ sessionId, token }: SessionCreated): Record<string, string> => ({
  "x-session-id": sessionId,
  authorization: `Bearer ${token}`,
});

/** Body of the request that starts a session's pipeline. */
const pipelinePlan = (
  { eventsPerSecond, gates, payloadBytes }: LoadPlan,
  { events, pipelineSeed: seed }: SessionSchedule,
): PipelinePlan => ({
  events,
  eventsPerSecond,
  // A pipeline that the end of the load cuts short holds fewer.
  gates: Math.min(gates, events - 1),
  payloadBytes,
  seed,
});
