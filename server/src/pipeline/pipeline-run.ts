import type { Logger } from "pino";
import type { PipelinePlan, PipelineSSEEvent, PipelineStarted } from "../contract/events.ts";
import type { LedgerRecord } from "../contract/ledger.ts";
import { nowMs } from "../../../common/clock.ts";
import type { Ledger } from "../lib/ledger/ledger.ts";
import type { SSEBroadcaster } from "../lib/sse-broadcaster.ts";
import { planEvents, type PlannedEvent } from "./plan-events.ts";

export interface PipelineRunOptions {
  instance: string;
  sessionId: string;
  epoch: string;
  plan: PipelinePlan;
  broadcaster: SSEBroadcaster;
  ledger: Ledger;
  logger: Logger;
  gateTimeoutMs: number;
  /** Present if another instance has begun the run: where it stands. */
  resume?: ResumePoint;
  /** Called when the run begins to wait at a gate. */
  onWaiting?: ((gate: string) => void) | undefined;
  /** Called once. `isOver`: the run is completed, failed or aborted, and not handed over. */
  onEnd: (isOver: boolean) => void;
}

/** All that a run needs to continue: its plan gives the rest. */
export interface ResumePoint {
  /** The number of the last published event. */
  lastSeq: number;
  /** The gate that the run waits at. */
  waitingAt: string | undefined;
  /** Planned time of the last event on this host's clock. Undefined: the schedule starts anew. */
  lastIntendedMs: number | undefined;
}

type PipelineState = Extract<LedgerRecord, { kind: "pipeline" }>["state"];

export type GateOutcome = "taken" | "not-waiting" | "already-answered";

/** Limits per turn of the event loop: a late run must not delay others or flood its clients. */
const EVENTS_PER_TURN = 200;
const BYTES_PER_TURN = 65_536;

/**
 * One pipeline run: publishes event n of its plan at start + n / eventsPerSecond. It publishes late
 * events at once, with their intended time unchanged. Waiting at a gate delays the remaining
 * schedule.
 */
export class PipelineRun {
  readonly started: PipelineStarted;
  readonly #options: PipelineRunOptions;
  readonly #events: Generator<PlannedEvent, void, undefined>;
  readonly #eventsPerTurn: number;
  readonly #answered = new Set<string>();
  #next: PlannedEvent | undefined;
  #lastSeq = 0;
  /** The due time of a virtual event 0. Each gate moves it. */
  #originMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #waitingAt: { gate: string; sinceMs: number } | undefined;
  #ended = false;

  constructor(options: PipelineRunOptions) {
    this.#options = options;
    this.started = { epoch: options.epoch, total: options.plan.events, instance: options.instance };
    this.#events = planEvents(options.plan);
    const byBytes = Math.floor(BYTES_PER_TURN / (options.plan.payloadBytes + 1));
    this.#eventsPerTurn = Math.max(1, Math.min(EVENTS_PER_TURN, byBytes));
  }

  /** Starts the clock, after `ready` if given. */
  begin(ready: Promise<void> | undefined): void {
    const { resume } = this.#options;
    this.#record(resume === undefined ? "started" : "resumed");
    const go = (): void => {
      if (resume === undefined) this.#originMs = nowMs();
      else this.#continueFrom(resume);
      this.#next = this.#events.next().value ?? undefined;
      if (this.#waitingAt === undefined) this.#schedule();
    };
    if (ready === undefined) go();
    else void ready.then(go);
  }

  get plan(): PipelinePlan {
    return this.#options.plan;
  }

  /** The gate that the run waits at. */
  get waitingAt(): string | undefined {
    return this.#waitingAt?.gate;
  }

  /** Stops without another event: another instance continues. */
  handOver(reason: string): void {
    if (this.#ended) return;
    this.#record("handed-over", reason);
    this.#end(false);
  }

  #continueFrom({ lastSeq, waitingAt, lastIntendedMs }: ResumePoint): void {
    for (let seq = 0; seq < lastSeq; seq++) this.#events.next();
    this.#lastSeq = lastSeq;
    const elapsedMs = (lastSeq * 1000) / this.#options.plan.eventsPerSecond;
    this.#originMs = (lastIntendedMs ?? nowMs()) - elapsedMs;
    if (waitingAt !== undefined) this.#waitAt(waitingAt);
  }

  /** Answers a gate. The simulated pipeline ignores the answer's text. */
  answer(gate: string): GateOutcome {
    if (this.#answered.has(gate)) return "already-answered";
    const waiting = this.#waitingAt;
    if (this.#ended || waiting?.gate !== gate) return "not-waiting";
    this.#recordGate(gate, "reached");
    this.#options.logger.debug({ sessionId: this.#options.sessionId, gate }, "gate answered");
    this.#answered.add(gate);
    this.#waitingAt = undefined;
    this.#originMs += nowMs() - waiting.sinceMs;
    this.#schedule();
    return "taken";
  }

  abort(reason: string): void {
    if (this.#ended) return;
    this.#record("aborted", reason);
    this.#end();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#ended || this.#next === undefined) return;
    const waitMs = this.#intendedMs(this.#next.seq) - nowMs();
    this.#timer = setTimeout(() => this.#publishDue(), Math.max(0, Math.ceil(waitMs)));
  }

  #publishDue(): void {
    try {
      for (let published = 0; published < this.#eventsPerTurn; published++) {
        const event = this.#next;
        // A timer can fire a little early by this clock; an event must not.
        if (event === undefined || this.#intendedMs(event.seq) > nowMs()) break;
        this.#next = this.#events.next().value ?? undefined;
        this.#publishPlanned(event);
        if (this.#ended || this.#waitingAt !== undefined) return;
      }
      this.#schedule();
    } catch (error) {
      this.#options.logger.error(
        { err: error, sessionId: this.#options.sessionId },
        "pipeline failed",
      );
      this.#fail("internal error");
    }
  }

  #publishPlanned({ type, seq, payload }: PlannedEvent): void {
    const gate = type === "pipeline_gate" ? String(payload["gate"]) : undefined;
    if (gate !== undefined) this.#recordGate(gate, "offered");
    this.#publish({
      type,
      seq,
      total: this.started.total,
      intendedMs: this.#intendedMs(seq),
      payload,
    });
    if (gate !== undefined) this.#waitAt(gate);
    if (type !== "pipeline_complete") return;
    this.#record("completed");
    this.#end();
  }

  #waitAt(gate: string): void {
    this.#waitingAt = { gate, sinceMs: nowMs() };
    this.#options.onWaiting?.(gate);
    const { gateTimeoutMs } = this.#options;
    const timedOut = (): void => this.#fail(`no answer at ${gate} within ${gateTimeoutMs} ms`);
    this.#timer = setTimeout(timedOut, gateTimeoutMs);
  }

  /** Ends the run with a terminal event, so that clients stop waiting. */
  #fail(reason: string): void {
    if (this.#ended) return;
    const seq = this.#lastSeq + 1;
    this.#publish({
      type: "pipeline_error",
      seq,
      total: seq,
      intendedMs: nowMs(),
      payload: { reason },
    });
    this.#record("completed", reason);
    this.#end();
  }

  #publish(
    event: Pick<PipelineSSEEvent, "type" | "seq" | "total" | "intendedMs" | "payload">,
  ): void {
    const { sessionId, epoch, instance, broadcaster } = this.#options;
    const { type, seq, total, intendedMs, payload } = event;
    this.#lastSeq = seq;
    broadcaster.publish(sessionId, {
      type,
      sessionId,
      epoch,
      seq,
      total,
      instance,
      intendedMs,
      publishedMs: nowMs(),
      payload,
    });
  }

  #intendedMs(seq: number): number {
    // Whole microseconds, like the clock.
    return (
      Math.round(1000 * this.#originMs + (seq * 1e6) / this.#options.plan.eventsPerSecond) / 1000
    );
  }

  #record(state: PipelineState, reason?: string): void {
    const { sessionId, epoch, ledger } = this.#options;
    const record = {
      kind: "pipeline",
      sessionId,
      epoch,
      state,
      total: this.started.total,
      atMs: nowMs(),
    } as const;
    ledger.append(reason === undefined ? record : { ...record, reason });
  }

  #recordGate(gate: string, state: "offered" | "reached"): void {
    const { sessionId, epoch, ledger } = this.#options;
    ledger.append({ kind: "gate", sessionId, epoch, gate, state, atMs: nowMs() });
  }

  #end(isOver = true): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#options.onEnd(isOver);
  }
}
