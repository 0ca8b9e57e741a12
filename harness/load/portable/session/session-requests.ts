import type { PipelineStarted, RealtimeToken } from "../../../../server/src/contract/events.ts";
import type {
  GateObservation,
  MisfitObservation,
  RequestObservation,
} from "../../../history/observation.ts";
import { randomUuid } from "../../../../common/portable/random-uuid.ts";
import { BackOff } from "../back-off.ts";
import type { EngineLimits } from "../engine-limits.ts";
import type { LoadPlan } from "../load-plan.ts";
import type { SessionSchedule } from "../load-schedule.ts";
import type { LogAnswer } from "../realtime/session-feed.ts";
import { beginSession, type BegunSession, type MissingValue } from "../service/begin-session.ts";
import { fillHeaders, fillRequest, type ValueOf } from "../service/fill-template.ts";
import { numberAt, textAt } from "../service/json-pointer.ts";
import type {
  CheckedRequest,
  RequestTemplate,
  StartProtocol,
} from "../service/service-protocol.ts";
import { readLogAnswer, readToken } from "./read-answers.ts";
import type { ControlAnswer, Steps } from "./session-steps.ts";

/**
 * Answers to try again after: none, no instance behind the router, or a rate limit. Traefik also
 * answers 500 if an instance dies while it holds the request.
 */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([0, 429, 500, 502, 503, 504]);
/** A router that has just started knows no route yet, and answers by itself. */
const hasNoRoute = ({ status, instance }: ControlAnswer): boolean =>
  status === 404 && instance === undefined;
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
  record(observation: RequestObservation | GateObservation | MisfitObservation): void;
  /** An instance runs the session's pipeline. */
  onStarted?(started: PipelineStarted): void;
}

/**
 * The requests of one session's page beside its stream. With every client model the page retries a
 * failed request, with back-off and so long as a person would wait: the client model governs the
 * stream only.
 */
export class SessionRequests {
  readonly #context: RequestContext;
  readonly #backOff: BackOff;
  /** Known once the session has begun. */
  #begun: BegunSession | undefined;
  #credentials: Readonly<Record<string, string>> = NO_CREDENTIALS;
  /** Drawn only where the client chooses the session's id. */
  #clientId: string | undefined;

  constructor(context: RequestContext) {
    const { backOffBaseMs, backOffCapMs } = context.limits;
    this.#context = context;
    this.#backOff = new BackOff(
      backOffBaseMs,
      backOffCapMs,
      context.schedule.jitterSeed ^ JITTER_SALT,
      // Full jitter could end the patience of a page after a second.
      "equal",
    );
  }

  /** The value of a placeholder. */
  readonly valueOf: ValueOf = (name) => {
    const { plan, schedule } = this.#context;
    switch (name) {
      case "load.events":
        return schedule.events;
      case "load.rate":
        return plan.eventsPerSecond;
      case "load.gates":
        // A pipeline that the end of the load cuts short holds fewer.
        return Math.min(plan.gates, schedule.events - 1);
      case "load.payloadBytes":
        return plan.payloadBytes;
      case "load.seed":
        return schedule.pipelineSeed;
      default:
        return this.#begun?.values[name.slice("session.".length)];
    }
  };

  /** Headers of every request of the session. */
  get credentials(): Readonly<Record<string, string>> {
    return this.#credentials;
  }

  /** Cheap requests of the same page; their success does not matter. */
  *background(count: number): Steps<void> {
    const { background } = this.#service;
    if (background === undefined) return;
    for (let i = 0; i < count && !this.#context.isOver; i++)
      yield* this.#send("background", background);
  }

  /** Begins the session. Undefined: refused, or no success before the drain. */
  *create(): Steps<BegunSession | undefined> {
    const { request, credentials } = this.#service.session;
    const answer = request && (yield* this.#untilAnswered("create", request));
    if (request !== undefined && !succeeded(request, answer)) return undefined;
    const begun = this.#readBegun(answer ?? NO_ANSWER);
    if ("missing" in begun) {
      const { missing, place } = begun;
      const message = `${describeRequest(request)} answered ${answer?.status ?? 0} without ${place}`;
      this.#misfit(`session.values.${missing}`, message);
      return undefined;
    }
    this.#begun = begun;
    this.#credentials = fillHeaders(credentials, this.valueOf);
    return begun;
  }

  /**
   * Starts the pipeline, if the service wants that. True when it runs: the answer to a second try
   * may say that the first one got through.
   */
  *start(): Steps<boolean> {
    const { start } = this.#service;
    if (start === undefined) return true;
    const answer = yield* this.#untilAnswered("start", start);
    if (answer !== undefined && succeeded(start, answer)) {
      const started = readStarted(start, answer.body);
      if (started !== undefined) this.#context.onStarted?.(started);
      return true;
    }
    const { running } = start;
    return (
      running !== undefined &&
      answer?.status === running.status &&
      textAt(answer.body, running.has) !== undefined
    );
  }

  /** Answers a gate, and records the status of the answer if there is one. */
  *answerGate(gate: string): Steps<void> {
    const template = this.#service.gate;
    if (template === undefined) return;
    const valueOf: ValueOf = (name) => (name === "gate" ? gate : this.valueOf(name));
    const answer = yield* this.#untilAnswered("gate", template, valueOf);
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
    const { realtime } = this.#service;
    return realtime && readToken((yield* this.#send("token", realtime.token)).body);
  }

  /** Asks once for the event log after an event id. Undefined: no answer. */
  *log(after: string | undefined): Steps<LogAnswer | undefined> {
    const { realtime } = this.#service;
    if (realtime === undefined) return undefined;
    const { log } = realtime;
    const path = after === undefined ? log.path : `${log.path}?after=${after}`;
    return readLogAnswer((yield* this.#send("log", { ...log, path })).body);
  }

  get #service(): LoadPlan["service"] {
    return this.#context.plan.service;
  }

  /** Sends until an answer is final. Undefined: the page gave up, or the time for it is over. */
  *#untilAnswered(
    request: Request,
    template: RequestTemplate,
    valueOf = this.valueOf,
  ): Steps<ControlAnswer | undefined> {
    this.#backOff.reset();
    for (let attempt = 1; !this.#context.isOver; attempt++) {
      const answer = yield* this.#send(request, template, valueOf, attempt);
      if (!RETRYABLE_STATUSES.has(answer.status) && !hasNoRoute(answer)) return answer;
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
    template: RequestTemplate,
    valueOf = this.valueOf,
    attempt = 1,
  ): Steps<ControlAnswer> {
    const sentMs = this.#context.nowMs();
    const answer = (yield fillRequest(template, valueOf, this.#credentials)) ?? NO_ANSWER;
    // A request that the end of the load cut off says nothing about the topology.
    if (this.#context.isOver) return answer;
    const { status, instance, reason } = answer;
    const sessionId = this.#sessionIdFor(request, answer);
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

  /** The session's id in the ledgers, for the first request that succeeds with it. */
  #sessionIdFor(request: Request, answer: ControlAnswer): string | undefined {
    const { session, start } = this.#service;
    const [first, template] = session.request ? ["create", session.request] : ["start", start];
    if (request !== first || template === undefined || !succeeded(template, answer))
      return undefined;
    const begun = this.#begun ?? this.#readBegun(answer);
    return "missing" in begun ? undefined : String(begun.values["id"]);
  }

  #readBegun(answer: ControlAnswer): BegunSession | MissingValue {
    const chooses = this.#service.session.values["id"]?.from === "client";
    if (chooses) this.#clientId = this.#clientId ?? randomUuid();
    return beginSession(this.#service, answer, this.#clientId ?? "");
  }

  #misfit(key: string, message: string): void {
    const { session } = this.#context.schedule;
    this.#context.record({ type: "misfit", session, key, message, atMs: this.#context.nowMs() });
  }
}

const NO_CREDENTIALS: Readonly<Record<string, string>> = {};
const NO_ANSWER: ControlAnswer = { status: 0, body: undefined };

const describeRequest = (request: RequestTemplate | undefined): string =>
  request === undefined ? "nothing" : `${request.method} ${request.path}`;

const succeeded = ({ accept }: CheckedRequest, answer: ControlAnswer | undefined): boolean => {
  const status = answer?.status ?? 0;
  return accept.length === 0 ? status >= 200 && status < 300 : accept.includes(status);
};

const readStarted = (
  { run = "", total = "", instance = "" }: StartProtocol,
  body: unknown,
): PipelineStarted | undefined => {
  const [epoch, events, name] = [textAt(body, run), numberAt(body, total), textAt(body, instance)];
  return epoch === undefined || events === undefined || name === undefined
    ? undefined
    : { epoch, total: events, instance: name };
};
