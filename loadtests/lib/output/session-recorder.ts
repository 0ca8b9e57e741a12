/**
 * Records one session: each observation goes to the console, to the live metrics and to the
 * checker, whose judgement becomes k6's metrics when the session ends. The checker gets what a
 * script can know without the instances' ledgers.
 */
import { countGates } from "../../../harness/checker/judge/gates.ts";
import { judgeSession } from "../../../harness/checker/judge/session.ts";
import { createRunContext } from "../../../harness/checker/records/run-context.ts";
import { RunRecord } from "../../../harness/checker/records/run-record.ts";
import type { SessionRecord } from "../../../harness/checker/records/session-record.ts";
import { Counts } from "../../../harness/checker/judge/counts.ts";
import type { ConnectedObservation, Observation } from "../../../harness/history/observation.ts";
import type { K6LogRecord } from "../../../harness/load/portable/k6-log-records.ts";
import type { SessionSchedule } from "../../../harness/load/portable/load-schedule.ts";
import type { PipelineSSEEvent, PipelineStarted } from "../../../server/src/contract/events.ts";
import { instanceClock, nowMs } from "./clock.ts";
import { inferPublications, type SeenPublication } from "./infer-publications.ts";
import type { K6LogWriter } from "./k6-log-writer.ts";
import { LiveMetrics } from "./live-metrics.ts";
import { METRICS } from "./metrics.ts";
import type { ScriptPlan } from "../plan/plan.ts";
import type { RunTimes } from "../plan/run-times.ts";

/** What a script observes of a session. The recorder adds the records that begin and end it. */
export type Observed = Exclude<K6LogRecord, { type: `k6-${string}` }>;

export class SessionRecorder {
  readonly #plan: ScriptPlan;
  readonly #schedule: SessionSchedule;
  readonly #times: RunTimes;
  readonly #output: K6LogWriter;
  readonly #record = new RunRecord();
  readonly #live = new LiveMetrics();
  /** Judged at the end: by then the instances' clock, on which they state a time, is known best. */
  readonly #connected: ConnectedObservation[] = [];
  /** By epoch. */
  readonly #seen = new Map<string, SeenPublication[]>();
  #sessionId: string | undefined;

  constructor(plan: ScriptPlan, schedule: SessionSchedule, times: RunTimes, output: K6LogWriter) {
    this.#plan = plan;
    this.#schedule = schedule;
    this.#times = times;
    this.#output = output;
  }

  get session(): string {
    return this.#schedule.session;
  }

  /** The session is here. */
  arrive(): void {
    const { session, events, arriveOffsetMs } = this.#schedule;
    const dueMs = this.#times.startMs + arriveOffsetMs;
    const atMs = nowMs();
    this.#output.record({ type: "k6-arrived", session, dueMs, atMs });
    METRICS.arrivalLateness.add(Math.max(0, atMs - dueMs));
    METRICS.reconnects.add(0);
    const phases = [
      ["load-started", this.#times.startMs],
      ["measured", this.#times.measuredMs],
      ["drain-started", this.#times.drainMs],
      ["drain-ended", this.#times.deadlineMs],
    ] as const;
    for (const [phase, phaseMs] of phases)
      if (phaseMs !== undefined) this.#absorb({ type: "phase", phase, atMs: phaseMs });
    this.#absorb({ type: "planned", session, events, arriveMs: dueMs });
  }

  record(observed: Observed): void {
    this.#output.record(observed);
    if (observed.type === "connected") {
      this.#live.connected(observed);
      this.#connected.push(observed);
      return;
    }
    if (observed.type === "disconnected") this.#live.disconnected(observed);
    if (observed.type === "received") this.#live.received(observed);
    if (observed.type === "request") this.#sessionId = this.#sessionId ?? observed.sessionId;
    this.#absorb(observed);
    // An answer that was accepted has reached the pipeline: the event contract says so.
    if (observed.type === "gate" && observed.status === 202)
      this.#absorb({ ...observed, state: "reached" });
  }

  /** An instance's clock was read. */
  clock(instance: string, askedMs: number, instanceMs: number, answeredMs: number): void {
    this.#output.record({ type: "k6-clock", instance, askedMs, instanceMs, answeredMs });
    instanceClock.add({ askedMs, instanceMs, answeredMs });
  }

  /** An instance says that it runs the session's pipeline. */
  started({ epoch, total, instance }: PipelineStarted): void {
    const { session } = this;
    this.#absorb({
      type: "pipeline",
      session,
      epoch,
      instance,
      state: "started",
      total,
      atMs: nowMs(),
    });
  }

  /**
   * An event that arrived says when it was published. An event of another session proves nothing
   * here.
   */
  published(event: PipelineSSEEvent): void {
    const { sessionId, epoch, seq, intendedMs, publishedMs, instance } = event;
    if (sessionId !== this.#sessionId) return;
    this.#live.published(event);
    const seen = this.#seen.get(epoch);
    const publication = { seq, intendedMs, publishedMs, instance };
    if (seen === undefined) this.#seen.set(epoch, [publication]);
    else seen.push(publication);
  }

  /** A gate was seen. */
  gateOffered(gate: string): void {
    this.#absorb({ type: "gate", session: this.session, gate, state: "offered", atMs: nowMs() });
  }

  /** Nothing more comes of the session: judges it, and hands everything on. */
  end(): void {
    this.#output.record({ type: "k6-ended", session: this.session, atMs: nowMs() });
    this.#output.flush();
    // Without a ledger, the harness alone can judge.
    if (!this.#plan.load.ledger) return;
    this.#completeRecord();
    const session = this.#record.sessions.get(this.session);
    if (session !== undefined) this.#judge(session);
  }

  /** Everything on this process's clock. */
  #completeRecord(): void {
    const offsetMs = instanceClock.bounds?.offsetMs;
    for (const { subscribedMs, ...connected } of this.#connected) {
      const stated =
        connected.instance === undefined ? subscribedMs : subscribedMs - (offsetMs ?? NaN);
      this.#absorb({ ...connected, subscribedMs: Number.isNaN(stated) ? connected.atMs : stated });
    }
    // Without the instances' clock the times of publication are unknown: missing events are
    // indeterminate.
    if (offsetMs === undefined) return;
    const route = this.#plan.topology.broadcaster === "local" ? "local" : "broker";
    for (const [epoch, seen] of this.#seen) {
      for (const { seq, intendedMs, publishedMs, instance } of inferPublications(
        seen,
        this.#intervalMs,
      )) {
        this.#absorb({
          type: "published",
          session: this.session,
          epoch,
          seq,
          instance,
          intendedMs: intendedMs - offsetMs,
          atMs: publishedMs - offsetMs,
          route,
        });
      }
    }
  }

  get #intervalMs(): number {
    return 1000 / this.#plan.load.eventsPerSecond;
  }

  #judge(session: SessionRecord): void {
    const tags = { instance: session.connections()[0]?.instance ?? "none" };
    const counts = new Counts(() => ({ record: () => {} }));
    const context = createRunContext(this.#record);
    judgeSession(session, context, counts);
    METRICS.sessions.add(counts.sessions, tags);
    METRICS.due.add(counts.due, tags);
    METRICS.delivered.add(counts.outcomes.delivered, tags);
    METRICS.recovered.add(counts.outcomes.recovered, tags);
    METRICS.lost.add(0, tags);
    for (const [cause, lost] of Object.entries(counts.lostByCause))
      if (lost > 0) METRICS.lost.add(lost, { ...tags, cause });
    METRICS.neverPublished.add(counts.outcomes.neverPublished, tags);
    METRICS.indeterminate.add(counts.outcomes.indeterminate, tags);
    METRICS.duplicated.add(counts.duplicated, tags);
    METRICS.reordered.add(counts.reordered, tags);
    // Whatever is credible was inferred to be published: what is left has no publication that could
    // be one of this session's.
    METRICS.unexpected.add(counts.unexpected + counts.unconfirmed, tags);
    METRICS.stuckStreams.add(counts.stuckStreams, tags);
    const gates = countGates(this.#record, context);
    METRICS.gatesOffered.add(gates.offered, tags);
    METRICS.gatesAnswered.add(gates.answered, tags);
    METRICS.gatesStalled.add(gates.stalled, tags);
  }

  #absorb(observation: Observation): void {
    this.#record.absorb(observation);
  }
}
