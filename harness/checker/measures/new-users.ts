import type { RequestObservation } from "../../history/observation.ts";
import { startsOf } from "../records/epoch-record.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { SessionRecord } from "../records/session-record.ts";
import type { NewUserFigures, StepFigures } from "../run-figures.ts";
import { DurationHistogram } from "./histogram.ts";
import { durationsOf } from "./latency.ts";

type StepName = keyof StepFigures;

/** One try of a step. `sentMs` is null in histories older than it. */
interface Attempt {
  ok: boolean;
  sentMs: number | null;
  atMs: number;
}

/** What a new user did: the tries of one step, by time. */
interface Taken {
  step: StepName;
  fromMs: number;
  retries: number;
  /** Null: never got through. */
  durationMs: number | null;
  failed: boolean;
}

/** Each step of each session; see {@link NewUserFigures}. Null without sessions. */
export function measureNewUsers(record: RunRecord, context: RunContext): NewUserFigures | null {
  const { bounces, drainEndedMs, loadStartedMs } = context;
  // All users of a ramp arrive before `loaded`, so only a recorded warm-up leaves any of them out.
  const fromMs = record.phases.get("measured") ?? loadStartedMs ?? -Infinity;
  /** Also if it began before the bounce: a part that is frozen meanwhile makes it wait. */
  const isDuring = ({ fromMs: sentMs, durationMs }: Taken): boolean =>
    bounces.some(
      ({ startedMs, endedMs }) =>
        sentMs <= (endedMs ?? Infinity) && sentMs + (durationMs ?? 0) >= startedMs,
    );
  const during = new StepCounts();
  const outside = new StepCounts();
  for (const session of record.sessions.values()) {
    if (session.planned === null) continue;
    for (const taken of stepsOf(session, session.planned.arriveMs, drainEndedMs)) {
      // Only a ledger tells when a pipeline began.
      if (taken.step === "begin" && context.withoutLedger !== null) continue;
      if (isDuring(taken)) during.add(taken);
      else if (taken.fromMs >= fromMs) outside.add(taken);
    }
  }
  return during.isEmpty && outside.isEmpty
    ? null
    : { during: during.figures(), outside: outside.figures() };
}

function stepsOf(session: SessionRecord, arriveMs: number, drainEndedMs: number): Taken[] {
  const { requests, connected, connectFailed, epochs } = session;
  const byTime = <T extends Attempt>(attempts: T[]): T[] =>
    attempts.sort((a, b) => (a.sentMs ?? a.atMs) - (b.sentMs ?? b.atMs) || a.atMs - b.atMs);
  const triesOf = (wanted: RequestObservation["request"]): (Attempt & { first: boolean })[] =>
    byTime(
      requests
        .filter(({ request, atMs }) => request === wanted && atMs <= drainEndedMs)
        .map(({ status, sentMs = null, attempt, atMs }) => ({
          ok: status >= 200 && status < 300,
          first: attempt === undefined || attempt === 1,
          sentMs,
          atMs,
        })),
    );
  const steps: Taken[] = [];
  const take = (step: StepName, tries: readonly Attempt[]): void => {
    const taken = takenOf(step, tries);
    if (taken !== null) steps.push(taken);
  };
  take("create", triesOf("create"));
  const firstMs = Math.min(...[...connected.values()].map(({ atMs }) => atMs));
  take(
    "connect",
    byTime(
      [...connectFailed, ...connected.values()]
        .filter(({ atMs }) => atMs <= Math.min(firstMs, drainEndedMs))
        .map(({ type, attemptMs = null, atMs }) => ({
          ok: type === "connected",
          sentMs: attemptMs,
          atMs,
        })),
    ),
  );
  take("start", triesOf("start"));
  const begunMs = Math.min(
    ...[...epochs.values()].flatMap((epoch) => startsOf(epoch).map(({ atMs }) => atMs)),
  );
  steps.push({
    step: "begin",
    fromMs: arriveMs,
    retries: steps.reduce((sum, { retries }) => sum + retries, 0),
    durationMs: begunMs <= drainEndedMs ? begunMs - arriveMs : null,
    failed: begunMs > drainEndedMs,
  });
  // A session answers several gates, one after the other.
  const gates = triesOf("gate");
  for (let from = 0; from < gates.length;) {
    let to = from + 1;
    while (to < gates.length && gates[to - 1]?.ok === false && gates[to]?.first === false) to++;
    take("gate", gates.slice(from, to));
    from = to;
  }
  return steps;
}

function takenOf(step: StepName, tries: readonly Attempt[]): Taken | null {
  const [first] = tries;
  if (first === undefined) return null;
  const done = tries.find(({ ok }) => ok);
  return {
    step,
    fromMs: first.sentMs ?? first.atMs,
    retries: tries.length - 1,
    durationMs: done === undefined || first.sentMs === null ? null : done.atMs - first.sentMs,
    failed: done === undefined,
  };
}

class StepCounts {
  readonly #steps = Object.fromEntries(
    (["create", "connect", "start", "gate", "begin"] as const).map((step) => [
      step,
      { count: 0, failed: 0, retries: 0, durations: new DurationHistogram() },
    ]),
  ) as Record<
    StepName,
    { count: number; failed: number; retries: number; durations: DurationHistogram }
  >;

  get isEmpty(): boolean {
    return Object.values(this.#steps).every(({ count }) => count === 0);
  }

  add({ step, retries, failed, durationMs }: Taken): void {
    const counts = this.#steps[step];
    counts.count++;
    counts.retries += retries;
    if (failed) counts.failed++;
    if (durationMs !== null) counts.durations.record(durationMs);
  }

  figures(): StepFigures {
    return Object.fromEntries(
      Object.entries(this.#steps).map(([step, { count, failed, retries, durations }]) => [
        step,
        { count, failed, retries, durationMs: durationsOf(durations) },
      ]),
    ) as StepFigures;
  }
}
