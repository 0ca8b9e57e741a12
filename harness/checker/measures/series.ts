import type { Cause } from "../../history/observation.ts";
import type { Counts } from "../judge/counts.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import { isCut } from "../records/session-record.ts";
import type { RunSeries } from "../run-series.ts";
import { type DurationHistogram, roundMs } from "./histogram.ts";
import { attemptsOf } from "./reconnects.ts";

/** A chart shows no more, and a reader's file stays small. */
const MOST_STEPS = 300;
const STEPS_MS = [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000];

const SHARES = [
  0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975, 0.999, 0.9995, 0.9999, 1,
];

/** Null for a run without a load. */
export function measureSeries(
  record: RunRecord,
  { loadStartedMs, drainStartedMs, drainEndedMs, measuredMs, bounces }: RunContext,
  { lostAtMsByCause, delivery }: Counts<DurationHistogram>,
): Omit<RunSeries, "topology" | "bounce" | "repeat"> | null {
  if (loadStartedMs === null) return null;
  const lastMs = Number.isFinite(drainEndedMs)
    ? drainEndedMs
    : Math.max(drainStartedMs ?? loadStartedMs, ...bounces.map(({ endedMs }) => endedMs ?? 0));
  const lengthMs = lastMs - loadStartedMs;
  if (lengthMs <= 0) return null;
  const stepMs =
    STEPS_MS.find((ms) => lengthMs / ms <= MOST_STEPS) ?? Math.ceil(lengthMs / MOST_STEPS);
  const steps = Math.ceil(lengthMs / stepMs);
  const stepOf = (atMs: number): number => Math.floor((atMs - loadStartedMs) / stepMs);
  const zeros = (): number[] => new Array<number>(steps).fill(0);
  const count = (into: number[], atMs: number): void => {
    const step = stepOf(atMs);
    if (step >= 0 && step < steps) into[step] = (into[step] ?? 0) + 1;
  };
  const counted = (times: readonly number[]): number[] => {
    const into = zeros();
    for (const atMs of times) count(into, atMs);
    return into;
  };

  const [published, received, attempts, cuts] = [zeros(), zeros(), zeros(), zeros()];
  const change = new Array<number>(steps + 1).fill(0);
  const addAt = (atMs: number, by: number): void => {
    const step = Math.min(Math.max(stepOf(atMs), 0), steps);
    change[step] = (change[step] ?? 0) + by;
  };
  for (const session of record.sessions.values()) {
    const connections = session.connections();
    for (const atMs of attemptsOf(session, connections)) count(attempts, atMs);
    for (const connection of connections) {
      addAt(connection.subscribedMs, 1);
      addAt(connection.endedMs, -1);
      if (isCut(connection)) count(cuts, connection.endedMs);
    }
    for (const epoch of session.epochs.values()) {
      for (const atMs of epoch.published.atMs) count(published, atMs);
      for (const atMs of epoch.received.atMs) count(received, atMs);
    }
  }
  let streams = 0;
  const open = change.slice(0, steps).map((by) => (streams += by));
  const relative = (atMs: number | null): number | null =>
    atMs === null ? null : roundMs(atMs - loadStartedMs);
  return {
    stepMs,
    measuredMs: relative(measuredMs),
    drainStartedMs: relative(drainStartedMs),
    published,
    received,
    open,
    attempts,
    cuts,
    lost: Object.fromEntries(
      (Object.entries(lostAtMsByCause) as [Cause, number[]][])
        .filter(([, times]) => times.length > 0)
        .map(([cause, times]) => [cause, counted(times)]),
    ),
    delivery: curveOf(delivery, record.engine?.clockErrorMs ?? 0),
  };
}

/**
 * A share that fewer events than one lie beyond says nothing.
 * @param floorMs the clock error: nothing below it is known
 */
const curveOf = (durations: DurationHistogram, floorMs: number): RunSeries["delivery"] =>
  SHARES.filter(
    (share) => !durations.empty && (share === 1 || (1 - share) * durations.samples >= 1),
  ).map((share) => ({
    share,
    ms: Math.max(floorMs, share === 1 ? durations.maxMs : durations.percentileMs(share * 100)),
  }));
