import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "../../../common/clock.ts";
import { CookieStore } from "../../load/native/transport/cookie-store.ts";
import { ControlClient } from "../../load/native/transport/control-client.ts";
import { resolveTarget } from "../../load/native/transport/resolve-target.ts";
import {
  SocketTransport,
  type StreamTarget,
} from "../../load/native/transport/socket-transport.ts";
import { ENGINE_LIMITS } from "../../load/portable/engine-limits.ts";
import type { LoadPlan } from "../../load/portable/load-plan.ts";
import { beginSession } from "../../load/portable/service/begin-session.ts";
import { EventReader } from "../../load/portable/service/event-reader.ts";
import { SessionRequests } from "../../load/portable/session/session-requests.ts";
import {
  runSteps,
  type ControlAnswer,
  type Step,
} from "../../load/portable/session/session-steps.ts";
import type { Problem } from "../problem.ts";
import type { Service } from "../read-service-file.ts";
import { answerProblem, missingValueProblem } from "./answer-problems.ts";
import { TriedStream } from "./tried-stream.ts";
import { WatchedEvents } from "./watch-events.ts";

export interface TryOptions {
  /** Base URL of a running instance. */
  url: string;
  /** How many events the start asks for. */
  events: number;
  /** How long each step may take, milliseconds. */
  patienceMs: number;
  /** Called after each step that went well. */
  onStep: (step: string, what: string) => void;
  /** A run whose events fit for so long fits, milliseconds. Default: only its end shows that. */
  enoughMs?: number;
  /** Ends it. What it returns then means nothing. */
  signal?: AbortSignal;
}

const NOWHERE = "http://127.0.0.1:1";

/** A run that still sends events after this many times the patience is called endless. */
const LONGEST_RUN = 6;

/** A step that did not go well. */
class DoesNotFit extends Error {
  override name = "DoesNotFit";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

const refuse = (problem: Problem | undefined): void => {
  if (problem !== undefined) throw new DoesNotFit(problem);
};

/**
 * Follows one session of a running service with the engine's own parts, step by step.
 * @returns the first thing that does not fit the service file; undefined: everything fits
 */
export async function tryService(
  service: Service,
  options: TryOptions,
): Promise<Problem | undefined> {
  const session = await TriedSession.create(service, options);
  const onAbort = (): void => void session.close();
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await session.run();
    return undefined;
  } catch (error) {
    if (error instanceof DoesNotFit) return error.problem;
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
    await session.close();
  }
}

class TriedSession {
  readonly #protocol: LoadPlan["service"];
  readonly #options: TryOptions;
  readonly #control: ControlClient;
  readonly #transport: SocketTransport;
  readonly #cookies = new CookieStore();
  readonly #requests: SessionRequests;
  readonly #reader: EventReader;
  /** To the newest request. */
  #answer: ControlAnswer = { status: 0, body: undefined };

  static async create(service: Service, options: TryOptions): Promise<TriedSession> {
    // Without a host of that name, nothing answers here either, and the first request says so.
    const target = await resolveTarget(options.url).catch(() => resolveTarget(NOWHERE));
    return new TriedSession(service, options, target);
  }

  private constructor({ protocol }: Service, options: TryOptions, target: StreamTarget) {
    const { patienceMs } = options;
    const limits = {
      ...ENGINE_LIMITS,
      requestAttempts: 1,
      controlTimeoutMs: patienceMs,
      // Later than the patience, so that the answer never depends on which of two timers is first.
      headTimeoutMs: 2 * patienceMs,
      idleTimeoutMs: 2 * patienceMs,
    };
    this.#protocol = protocol;
    this.#options = options;
    this.#control = new ControlClient(options.url, limits, protocol.instanceHeader);
    this.#transport = new SocketTransport(target, limits);
    this.#reader = new EventReader(protocol);
    this.#requests = new SessionRequests({
      plan: planOf(protocol, options),
      schedule: {
        index: 0,
        session: "s0",
        arriveOffsetMs: 0,
        events: options.events,
        pipelineSeed: 1,
        jitterSeed: 1,
        background: [0, 0, 0],
      },
      limits,
      isOver: false,
      isDraining: false,
      nowMs,
      record: () => {},
    });
  }

  async run(): Promise<void> {
    await this.#begin();
    const events = new WatchedEvents(this.#protocol, this.#reader, this.#options.events, () => ({
      monotonic: nowMs(),
      wall: Date.now(),
    }));
    const stream = this.#open(events);
    try {
      await this.#confirm(stream, events);
      await this.#start();
      await this.#follow(stream, events);
    } finally {
      stream.close();
    }
  }

  async close(): Promise<void> {
    this.#transport.close();
    await this.#control.close();
  }

  async #begin(): Promise<void> {
    const { session } = this.#protocol;
    const begun = await runSteps(this.#requests.create(), (step) => this.#perform(step));
    if (session.request !== undefined)
      refuse(answerProblem(["session"], session.request, this.#answer, this.#options.url));
    if (begun === undefined) {
      const read = beginSession(this.#protocol, this.#answer, "");
      if ("missing" in read) refuse(missingValueProblem(read.missing, read.place, this.#answer));
      return;
    }
    const values = Object.entries(begun.values).map(([name, value]) =>
      // What is no id may be a secret.
      name === "id" ? `id ${value}` : `${name} (${String(value).length} characters)`,
    );
    const said = session.request ? `${this.#said(session.request)}: ` : "no request: ";
    this.#options.onStep("session", said + values.join(", "));
  }

  #open(events: WatchedEvents): TriedStream {
    const { stream } = this.#protocol;
    return new TriedStream({
      protocol: this.#protocol,
      reader: this.#reader,
      requests: this.#requests,
      transport: this.#transport,
      cookies: this.#cookies,
      events,
      route: `${stream.request.method} ${stream.request.path}`,
      signal: this.#options.signal,
    });
  }

  async #confirm(stream: TriedStream, events: WatchedEvents): Promise<void> {
    await stream.until(() => stream.isConfirmed, this.#options.patienceMs);
    refuse(stream.problem);
    const { confirmed } = this.#protocol.stream;
    if (!stream.isConfirmed)
      refuse({
        path: ["stream", confirmed.by === "event" ? "confirmed" : "request"],
        message:
          confirmed.by === "event"
            ? `no event "${confirmed.name}" ${stream.endOr(`within ${this.#seconds}`)}; seen: ${events.seen}`
            : `${stream.route}: no ${confirmed.by === "head" ? "response head" : "byte"} ${stream.endOr(`within ${this.#seconds}`)}`,
      });
    this.#options.onStep(
      "stream",
      `${stream.route} answered 200 and is confirmed by ${stream.confirmedBy}`,
    );
  }

  async #start(): Promise<void> {
    const { start } = this.#protocol;
    if (start === undefined) return;
    await runSteps(this.#requests.start(), (step) => this.#perform(step));
    refuse(answerProblem(["start"], start, this.#answer, this.#options.url));
    this.#options.onStep("start", this.#said(start));
  }

  async #follow(stream: TriedStream, events: WatchedEvents): Promise<void> {
    const { patienceMs, enoughMs, onStep } = this.#options;
    const deadlineMs = nowMs() + (enoughMs ?? LONGEST_RUN * patienceMs);
    let isSilent = false;
    while (!isSilent && nowMs() < deadlineMs) {
      const seen = events.count;
      await stream.until(() => events.isOver || events.count !== seen, patienceMs);
      if (events.isOver || stream.hasEnded || stream.problem !== undefined) break;
      isSilent = events.count === seen;
    }
    refuse(stream.problem);
    const isEnough = enoughMs !== undefined && !isSilent && !stream.hasEnded;
    if (!events.isOver && !isEnough)
      refuse(
        stream.unfinishedProblem ?? events.noEnd(stream.endOr(`nothing came for ${this.#seconds}`)),
      );
    const last = events.lastNumber;
    onStep(
      "events",
      `${events.count} followed${last === undefined ? "" : `, the last with number ${last} of its run`}; seen: ${events.seen}`,
    );
  }

  async #perform(step: Step): Promise<ControlAnswer | undefined> {
    if ("waitMs" in step) return sleep(step.waitMs);
    const answer = await this.#control.send({
      ...step,
      headers: this.#cookies.addTo(step.headers),
    });
    this.#cookies.take(answer.setCookies);
    this.#answer = answer;
    return answer;
  }

  #said({ method, path }: { method: string; path: string }): string {
    return `${method} ${path} answered ${this.#answer.status}`;
  }

  get #seconds(): string {
    return `${this.#options.patienceMs / 1000} s`;
  }
}

const planOf = (service: LoadPlan["service"], { url, events }: TryOptions): LoadPlan => ({
  url,
  client: "retrying",
  arrival: "stationary",
  sessions: 1,
  eventsPerSecond: 5,
  durationS: events / 5,
  pipelineS: events / 5,
  warmUpS: 0,
  rampS: 0,
  drainS: 0,
  jitter: "full",
  heartbeatS: 15,
  gates: 0,
  payloadBytes: 100,
  seed: 1,
  repeat: 1,
  service,
  ledger: false,
});
