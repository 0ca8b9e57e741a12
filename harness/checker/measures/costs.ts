import { groupBy } from "../../../common/portable/group-by.ts";
import type { UsageObservation } from "../../history/observation.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { SteadyCost } from "../run-figures.ts";
import type { PartCost, RunResult } from "../run-result.ts";
import { LEAST_SLOPE_MS, READING_MARGIN_MS } from "../thresholds.ts";
import { steadyWindow, streamMs } from "./steady.ts";

/** The time that costs are counted over, milliseconds. */
export interface CostWindow {
  startMs: number;
  /** With the margin that the reading at the drain's start needs. */
  endMs: number;
}

/** From load-started to drain-started. Null without one of them: such a run is `unknown` anyway. */
export const costWindow = ({
  loadStartedMs,
  drainStartedMs,
}: Pick<RunContext, "loadStartedMs" | "drainStartedMs">): CostWindow | null =>
  loadStartedMs === null || drainStartedMs === null
    ? null
    : { startMs: loadStartedMs, endMs: drainStartedMs + READING_MARGIN_MS };

/**
 * What each component used under load, servers first, without components that were not read under
 * load.
 *
 * The counters of an incarnation rise from 0. Its usage is its highest reading minus its last
 * reading before the load. Without one, the base is 0 if its component was read before the load (so
 * it is newer), else its first reading.
 */
export function measureCosts(
  record: Pick<RunRecord, "usages" | "sessions">,
  context: Parameters<typeof costWindow>[0] & Parameters<typeof steadyWindow>[0],
): RunResult["costs"] {
  const window = costWindow(context);
  if (window === null) return [];
  return groupBy(record.usages, sortKey)
    .sort(([a], [b]) => (sortKey(a) < sortKey(b) ? -1 : 1))
    .flatMap((readings) => {
      const cost = costOf(readings, window);
      return cost === null ? [] : [{ ...cost, steady: steadyCost(readings, record, context) }];
    });
}

/**
 * The slope between a process's first and last reading while nothing but the streams changes. The
 * readings say when they were taken, so the streams are counted over exactly that time.
 */
function steadyCost(
  unsorted: readonly UsageObservation[],
  record: Pick<RunRecord, "sessions">,
  context: Parameters<typeof steadyWindow>[0],
): SteadyCost | null {
  const window = steadyWindow(context);
  if (window === null) return null;
  const readings = unsorted
    .filter(({ atMs }) => atMs >= window.fromMs && atMs <= window.toMs)
    .sort(byTime);
  const [first] = readings;
  const last = readings.findLast(({ incarnation }) => incarnation === first?.incarnation);
  if (first === undefined || last === undefined) return null;
  const tookMs = last.atMs - first.atMs;
  if (tookMs < LEAST_SLOPE_MS) return null;
  const streams = streamMs(record, first.atMs, last.atMs) / tookMs;
  if (streams === 0) return null;
  const seconds = tookMs / 1000;
  const perSecond = (from?: number, to?: number): number | null =>
    from === undefined || to === undefined ? null : (to - from) / seconds;
  return {
    seconds,
    streams,
    cores: (last.cpuSeconds - first.cpuSeconds) / seconds,
    receivedBytesPerSecond: perSecond(first.receivedBytes, last.receivedBytes),
    sentBytesPerSecond: perSecond(first.sentBytes, last.sentBytes),
  };
}

const ROLES = { server: 0, router: 1, broker: 2 } as const;

const sortKey = ({ part, role, source }: UsageObservation): string =>
  JSON.stringify([ROLES[role], part, source]);

function costOf(
  unsorted: readonly UsageObservation[],
  window: CostWindow,
): Omit<PartCost, "steady"> | null {
  const readings = unsorted.filter(({ atMs }) => atMs <= window.endMs).sort(byTime);
  const first = readings.findLast(({ atMs }) => atMs <= window.startMs) ?? readings[0];
  const counted = readings.filter(({ atMs }) => atMs >= (first?.atMs ?? window.startMs));
  if (first === undefined || !readings.some(({ atMs }) => atMs > window.startMs)) return null;
  const { part, role, source } = first;
  const used = (counter: (reading: UsageObservation) => number | undefined): number | null =>
    usedOf(readings, first, window.startMs, counter);
  return {
    part,
    role,
    source,
    cpuSeconds: used(({ cpuSeconds }) => cpuSeconds) ?? 0,
    memoryBytes: levelOf(counted, ({ memoryBytes }) => memoryBytes) ?? { first: 0, peak: 0 },
    socketMemoryBytes: levelOf(counted, ({ socketMemoryBytes }) => socketMemoryBytes),
    receivedBytes: used(({ receivedBytes }) => receivedBytes),
    sentBytes: used(({ sentBytes }) => sentBytes),
  };
}

/** A counter's rise over all incarnations. Null if one of them was read under load without it. */
function usedOf(
  readings: readonly UsageObservation[],
  first: UsageObservation,
  startMs: number,
  counter: (reading: UsageObservation) => number | undefined,
): number | null {
  let sum = 0;
  for (const own of groupBy(readings, (reading) => reading.incarnation)) {
    if (!own.some(({ atMs }) => atMs > startMs)) continue;
    const values = own.flatMap((reading) => {
      const value = counter(reading);
      return value === undefined ? [] : [{ value, before: reading.atMs <= startMs }];
    });
    if (values.length === 0) return null;
    const before = values.filter((one) => one.before).map(({ value }) => value);
    const all = values.map(({ value }) => value);
    const isFirst = own[0].incarnation === first.incarnation;
    const base = before.length > 0 ? Math.max(...before) : isFirst ? Math.min(...all) : 0;
    sum += Math.max(...all) - base;
  }
  return Math.round(sum * 1e6) / 1e6;
}

/** A level at its first reading, and its highest. Null without any. */
function levelOf(
  readings: readonly UsageObservation[],
  level: (reading: UsageObservation) => number | undefined,
): { first: number; peak: number } | null {
  const values = readings.flatMap((reading) => level(reading) ?? []);
  const [first] = values;
  return first === undefined ? null : { first, peak: Math.max(...values) };
}

/** Simultaneous readings get a fixed order, independent of the order of records. */
const byTime = (a: UsageObservation, b: UsageObservation): number =>
  a.atMs - b.atMs || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
