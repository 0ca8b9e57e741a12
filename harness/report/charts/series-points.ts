/** From the checker's steps to the points that a chart shows. */
import type { RunSeries } from "../../checker/run-series.ts";

export interface TimePoint {
  /** Middle of the bucket, seconds since the load began. */
  atS: number;
  published: number;
  received: number;
  open: number;
  /** Per second, as the two above. */
  attempts: number;
  cuts: number;
  /** Events per second by cause. */
  lost: Readonly<Record<string, number>>;
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);

/**
 * At most about `most` points: neighbouring steps are joined.
 * @param fromStep where the first of them begins
 */
export const timePoints = (series: RunSeries, most: number, fromStep = 0): TimePoint[] => {
  const { stepMs, published } = series;
  const steps = published.length - fromStep;
  const joined = Math.max(1, Math.ceil(steps / most));
  return Array.from({ length: Math.ceil(steps / joined) }, (_, index) => {
    const start = fromStep + index * joined;
    const within = (list: readonly number[]): readonly number[] =>
      list.slice(start, start + joined);
    // The last bucket may be shorter than the others.
    const lengthS = (within(published).length * stepMs) / 1000;
    const rate = (list: readonly number[]): number => sum(within(list)) / lengthS;
    return {
      atS: ((start + joined / 2) * stepMs) / 1000,
      published: rate(published),
      received: rate(series.received),
      open: within(series.open).at(-1) ?? 0,
      attempts: rate(series.attempts),
      cuts: rate(series.cuts),
      lost: Object.fromEntries(
        Object.entries(series.lost).map(([cause, times]) => [cause, rate(times)]),
      ),
    };
  });
};

/** The bounce windows of a run, seconds since the load began. */
export const bounceWindows = (
  bounces: readonly { startedMs: number; endedMs: number | null; target: string }[],
  endS: number,
): { fromS: number; toS: number; target: string }[] =>
  bounces.map(({ startedMs, endedMs, target }) => ({
    fromS: startedMs / 1000,
    toS: endedMs === null ? endS : endedMs / 1000,
    target,
  }));

/** Half of a bounce's cuts within this time make a cliff. */
const AT_ONCE_MS = 200;

/**
 * How the worst of the bounces cut its streams. Null without a cut, or if the steps are too long to
 * tell.
 */
export const drainShape = (
  { stepMs, cuts }: RunSeries,
  bounces: readonly { startedMs: number }[],
): { name: "ramp" | "cliff"; mostAtOnce: number } | null => {
  if (stepMs > AT_ONCE_MS) return null;
  const steps = AT_ONCE_MS / stepMs;
  const shares = bounces.map(({ startedMs }, index) => {
    const until = bounces[index + 1]?.startedMs ?? Infinity;
    const own = cuts.slice(Math.floor(startedMs / stepMs), Math.floor(until / stepMs));
    const windows = own.map((_, start) => sum(own.slice(start, start + steps)));
    const all = sum(own);
    return all === 0 ? 0 : Math.max(...windows) / all;
  });
  const mostAtOnce = Math.max(0, ...shares);
  if (mostAtOnce === 0) return null;
  return { name: mostAtOnce >= 0.5 ? "cliff" : "ramp", mostAtOnce };
};
