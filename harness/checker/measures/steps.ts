/** What each step of a migration cost: its window lasts until the next step begins. */
import type { Cause, StepObservation } from "../../history/observation.ts";
import type { JudgedPair } from "../judge/judged-pair.ts";
import { OUTCOMES, type Outcome } from "../judge/outcome.ts";
import { routeOf } from "../records/epoch-record.ts";
import { valueAt } from "../records/numeric-column.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import { isCut } from "../records/session-record.ts";
import type { MigrationStepFigures } from "../run-figures.ts";
import { DurationHistogram, roundMs } from "./histogram.ts";
import { durationsOf } from "./latency.ts";

/** The time from the warm-up to the first step. */
const BEFORE = "0 before";

interface Step {
  name: string;
  startedMs: number;
  endedMs: number | null;
  allowedCauses: readonly Cause[];
  outcomes: Record<Outcome, number>;
  lostByCause: Partial<Record<Cause, number>>;
  delivery: DurationHistogram;
  published: number;
  overBroker: number;
  failed: { requests: number; streams: number };
  cut: number;
}

const emptyStep = (
  name: string,
  startedMs: number,
  endedMs: number | null,
  allowedCauses: readonly Cause[],
): Step => ({
  name,
  startedMs,
  endedMs,
  allowedCauses,
  outcomes: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Step["outcomes"],
  lostByCause: {},
  delivery: new DurationHistogram(),
  published: 0,
  overBroker: 0,
  failed: { requests: 0, streams: 0 },
  cut: 0,
});

const toSteps = (observations: readonly StepObservation[], measuredMs: number): Step[] => {
  const timeOf = (number: number, wanted: StepObservation["state"]): number | null => {
    const found = observations.filter(({ step, state }) => step === number && state === wanted);
    return found.length === 0 ? null : Math.min(...found.map(({ atMs }) => atMs));
  };
  const begun = observations.filter(({ state }) => state === "started");
  const steps = begun
    .map(({ step, name, allowedCauses, atMs }) =>
      emptyStep(name, atMs, timeOf(step, "ended"), allowedCauses),
    )
    .sort((a, b) => a.startedMs - b.startedMs);
  const [first] = steps;
  return first === undefined ? [] : [emptyStep(BEFORE, measuredMs, first.startedMs, []), ...steps];
};

export class StepTally {
  readonly #record: RunRecord;
  readonly #context: RunContext;
  readonly #steps: Step[];
  /** By session and epoch: when the next event would have been published, had it not died. */
  readonly #deaths = new Map<string, number>();

  constructor(record: RunRecord, context: RunContext) {
    this.#record = record;
    this.#context = context;
    this.#steps = toSteps(record.steps, context.measuredMs ?? -Infinity);
  }

  /** Undefined before the first window. */
  #at(atMs: number): Step | undefined {
    for (let index = this.#steps.length - 1; index >= 0; index -= 1) {
      const step = this.#steps[index];
      if (step !== undefined && step.startedMs <= atMs) return step;
    }
    return undefined;
  }

  /** A pair belongs to the time of its publication, or of the end of its pipeline. */
  add({ session, epoch, outcome, cause, publishedMs, receivedMs }: JudgedPair): void {
    const step = this.#at(publishedMs ?? this.#deathOf(session, epoch));
    if (step === undefined) return;
    step.outcomes[outcome]++;
    if (cause !== null) step.lostByCause[cause] = (step.lostByCause[cause] ?? 0) + 1;
    if (outcome === "delivered" && publishedMs !== null && receivedMs !== null)
      step.delivery.record(receivedMs - publishedMs);
  }

  #deathOf(session: string, epoch: string): number {
    const key = JSON.stringify([session, epoch]);
    let atMs = this.#deaths.get(key);
    if (atMs === undefined) {
      const record = this.#record.sessions.get(session);
      const published = record?.epochs.get(epoch)?.published.atMs ?? [];
      const rate = this.#record.run?.load.eventsPerSecond ?? 0;
      let lastMs = record?.planned?.arriveMs ?? -Infinity;
      for (const at of published) lastMs = Math.max(lastMs, at);
      atMs = lastMs + (rate > 0 ? 1000 / rate : 0);
      this.#deaths.set(key, atMs);
    }
    return atMs;
  }

  /** Null for a run without steps. */
  figures(): MigrationStepFigures[] | null {
    if (this.#steps.length === 0) return null;
    this.#countSessions();
    const zeroMs = this.#context.loadStartedMs ?? 0;
    return this.#steps.map(({ outcomes, delivery, startedMs, endedMs, ...step }) => ({
      ...step,
      allowedCauses: [...step.allowedCauses],
      startedMs: roundMs(startedMs - zeroMs),
      endedMs: endedMs === null ? null : roundMs(endedMs - zeroMs),
      due: Object.values(outcomes).reduce((sum, count) => sum + count, 0),
      ...outcomes,
      deliveryMs: durationsOf(delivery),
    }));
  }

  #countSessions(): void {
    const failed = (status: number): boolean => status === 0 || status >= 400;
    const count = (atMs: number, change: (step: Step) => void): void => {
      const step = this.#at(atMs);
      if (step !== undefined) change(step);
    };
    for (const session of this.#record.sessions.values()) {
      for (const { status, atMs } of session.requests)
        if (failed(status)) count(atMs, (step) => step.failed.requests++);
      for (const { atMs } of session.connectFailed) count(atMs, (step) => step.failed.streams++);
      for (const connection of session.connections())
        if (isCut(connection)) count(connection.endedMs, (step) => step.cut++);
      for (const { published } of session.epochs.values())
        for (const [index, atMs] of [...published.atMs].entries())
          count(atMs, (step) => {
            step.published++;
            if (routeOf(valueAt(published.source, index)) === "broker") step.overBroker++;
          });
    }
  }
}
