/** Holds a result against its limits, and against the result of the base. */
import type { RunResult } from "../../checker/run-result.ts";
import {
  type Comparison,
  compareSummaries,
  isJudged,
} from "../compare-reports/compare-summaries.ts";
import { formatMs, formatPercent } from "../format.ts";
import { missingSentence } from "../summary/missing-runs.ts";
import { groupRuns, type RunGroup } from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";
import { LIMIT_NAMES, type LimitName, limitsFor, type Thresholds } from "./thresholds.ts";

export type GateWord = "passed" | "failed" | "not judged";

export interface LimitCheck {
  name: LimitName;
  /** The figure, written out. */
  shown: string;
  /** The limit, written out. Null without one. */
  limit: string | null;
  word: GateWord;
}

export interface GateRow {
  group: RunGroup;
  checks: readonly LimitCheck[];
  word: GateWord;
}

export interface Gate {
  word: GateWord;
  rows: readonly GateRow[];
  /** Null without a base. */
  comparison: Comparison | null;
  /** Why it is not simply passed, one sentence each. */
  reasons: readonly string[];
}

interface Measured {
  value: number;
  /** The instrument cannot tell: it is this or less. */
  isBound?: boolean;
}

const worst = (group: RunGroup, of: (run: RunResult) => number): Measured => ({
  value: Math.max(...group.measured.map(of)),
});

const delivery =
  (percentile: "p50" | "p99") =>
  ({ measured }: RunGroup): Measured | null => {
    const parts = measured.flatMap(({ latency }) => latency?.delivery ?? []);
    if (parts.length === 0) return null;
    const value = parts.reduce((sum, part) => sum + part[percentile], 0) / parts.length;
    return { value, isBound: parts.some(({ resolved }) => !resolved) };
  };

/** Counts must hold in every repeat; times are means, as one slow moment of a host is no change. */
const MEASURES: Readonly<Record<LimitName, (group: RunGroup) => Measured | null>> = {
  lost: (group) =>
    worst(group, (run) => (run.withoutLedger === null ? run.lossRatio : run.missedRatio)),
  stuck: (group) =>
    worst(group, ({ stuckStreams, sessions }) => (sessions === 0 ? 0 : stuckStreams / sessions)),
  p50: delivery("p50"),
  p99: delivery("p99"),
  backWithin: (group) => {
    const cut = group.measured.filter(({ bounces }) => bounces.some((one) => (one.cut ?? 0) > 0));
    if (cut.length === 0) return null;
    return { value: Math.max(...cut.map((run) => run.reconnects.timeTo100Ms ?? Infinity)) / 1000 };
  },
};

const seconds = (value: number): string =>
  value === Infinity ? "never" : formatMs(Math.round(value * 1000));

const FORMATS: Readonly<Record<LimitName, (value: number) => string>> = {
  lost: formatPercent,
  stuck: formatPercent,
  p50: formatMs,
  p99: formatMs,
  backWithin: seconds,
};

const wordOf = (
  { trusted }: RunGroup,
  measured: Measured | null,
  limit: number | undefined,
): GateWord => {
  if (limit === undefined) return "passed";
  if (!trusted) return "not judged";
  if (measured === null) return "passed";
  if (measured.value <= limit) return "passed";
  return measured.isBound ? "not judged" : "failed";
};

const worstWord = (words: readonly GateWord[]): GateWord =>
  words.includes("failed") ? "failed" : words.includes("not judged") ? "not judged" : "passed";

const rowOf = (group: RunGroup, thresholds: Thresholds): GateRow => {
  const limits = limitsFor(thresholds, group.topology, group.bounce);
  const checks = LIMIT_NAMES.map((name): LimitCheck => {
    const measured = MEASURES[name](group);
    const limit = limits[name];
    const format = FORMATS[name];
    return {
      name,
      shown:
        measured === null ? "" : `${measured.isBound ? "at most " : ""}${format(measured.value)}`,
      limit: limit === undefined ? null : format(limit),
      word: wordOf(group, measured, limit),
    };
  });
  const broken = group.trusted && group.measured.some(({ verdict }) => verdict === "invalid");
  return {
    group,
    checks,
    word: broken ? "failed" : worstWord(checks.map(({ word }) => word)),
  };
};

/**
 * A gate passes if every limit holds in runs that can be trusted, no run broke its promise, and no
 * figure got worse than the base's.
 */
export const judgeGate = (
  summary: Summary,
  thresholds: Thresholds,
  base: Summary | null = null,
): Gate => {
  const rows = groupRuns(summary.runs).map((group) => rowOf(group, thresholds));
  const comparison = base === null ? null : compareSummaries(base, summary);
  const missing = missingSentence(summary);
  const reasons = [
    ...(rows.length === 0 ? ["Nothing was measured."] : []),
    ...(missing === null ? [] : [missing]),
    ...(comparison?.regressions ?? []),
    ...(comparison !== null && !isJudged(comparison)
      ? ["The base has no run in common with this result that can be judged."]
      : []),
  ];
  const isWorse = (comparison?.regressions.length ?? 0) > 0;
  const word = worstWord([
    ...rows.map((row) => row.word),
    ...(isWorse ? (["failed"] as const) : []),
    ...(rows.length === 0 || missing !== null ? (["not judged"] as const) : []),
  ]);
  return { word, rows, comparison, reasons };
};
