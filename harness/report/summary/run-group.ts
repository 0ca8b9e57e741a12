/** The repeats of one topology under one bounce. */
import { groupBy } from "../../../common/portable/group-by.ts";
import type { RunResult, Verdict } from "../../checker/run-result.ts";
import { intervalOf, meanOf, type Repeat } from "../../checker/statistics/judge-differences.ts";
import { capitalise, formatCount, formatPercent } from "../format.ts";
import { KINDS_OF_BOUNCE } from "../../nemesis/kinds.ts";
import { STEADY, VERDICT_NAMES } from "../glossary.ts";

export interface RunGroup {
  topology: string;
  bounce: RunResult["bounce"];
  /** In the order of the summary, unknown ones included. */
  runs: readonly RunResult[];
  /**
   * The runs that figures are taken from: those that are not `unknown`, or all of them when every
   * one is.
   */
  measured: readonly RunResult[];
  /**
   * False when every run is `unknown`: its figures are shown, but nothing is concluded from them.
   */
  trusted: boolean;
}

/** Groups in the order in which the summary first shows them. */
export const groupRuns = (runs: readonly RunResult[]): RunGroup[] =>
  groupBy(runs, (run) => JSON.stringify([run.topology, run.bounce])).map((members) => {
    const [{ topology, bounce }] = members;
    const known = members.filter((run) => run.verdict !== "unknown");
    const trusted = known.length > 0;
    return { topology, bounce, runs: members, measured: trusted ? known : members, trusted };
  });

/** A figure over the group's repeats. */
export const groupSpread = (
  group: RunGroup,
  figure: (run: RunResult) => number | null,
): Spread | null => spreadOf(group.measured.map(figure));

/** Its mean; 0 when no repeat had the figure. */
export const groupMean = (group: RunGroup, figure: (run: RunResult) => number | null): number =>
  groupSpread(group, figure)?.mean ?? 0;

/** The spread of a figure, written out. */
export const groupFigure = (
  group: RunGroup,
  figure: (run: RunResult) => number | null,
  format: (value: number | null) => string = formatCount,
): string => formatSpread(groupSpread(group, figure), format);

/** `valid`, or `2 valid, 1 unknown` when the repeats disagree. */
export const groupVerdict = (group: RunGroup): string => {
  const counts = verdictCounts(group.runs);
  const present = VERDICT_NAMES.filter((verdict) => counts[verdict] > 0);
  const [only] = present;
  return present.length === 1 && only
    ? only
    : present.map((verdict) => `${counts[verdict]} ${verdict}`).join(", ");
};

/** The verdict that a reader must not overlook: any invalid run, else any unknown one. */
export const worstVerdict = (group: RunGroup): Verdict => {
  const counts = verdictCounts(group.runs);
  return counts.invalid > 0 ? "invalid" : counts.unknown > 0 ? "unknown" : "valid";
};

/**
 * The verdict on the runs that figures are taken from: `unknown` only when every run is, `invalid`
 * when any is.
 */
export const measuredVerdict = (group: RunGroup): Verdict => {
  if (!group.trusted) return "unknown";
  return group.measured.some((run) => run.verdict === "invalid") ? "invalid" : "valid";
};

/** How many runs got which verdict. */
export const verdictCounts = (runs: readonly RunResult[]): Record<Verdict, number> => {
  const counts: Record<Verdict, number> = { valid: 0, invalid: 0, unknown: 0 };
  for (const run of runs) counts[run.verdict] += 1;
  return counts;
};

/** `steady state` for the control, the bounce's name for the rest. */
export const bounceLabel = (bounce: RunResult["bounce"]): string =>
  bounce === STEADY ? "steady state" : bounce;

/** `during rolling deploys`, for the inside of a sentence. */
export const duringBounce = (bounce: RunResult["bounce"]): string => KINDS_OF_BOUNCE[bounce].during;

/** `During rolling deploys`, for the start of a sentence. */
export const whenBounced = (bounce: RunResult["bounce"]): string =>
  capitalise(duringBounce(bounce));

/** A count of pairs as a share of what was due; 0 when nothing was. */
export const shareOfDue = (run: RunResult, pairs: number): number =>
  run.due > 0 ? pairs / run.due : 0;

/** ` (2 of 3 runs)` if figures leave out unknown runs; empty otherwise. */
export const runsNote = ({ runs, measured }: Pick<RunGroup, "runs" | "measured">): string =>
  measured.length < runs.length
    ? ` (${formatCount(measured.length)} of ${formatCount(runs.length)} runs)`
    : "";

/** A figure over repeated runs. */
export interface Spread {
  mean: number;
  /** One per run that had the figure. */
  values: readonly number[];
  /** 95 % of the mean. Null for too few runs. Not below 0, as no figure is. */
  interval: { low: number; high: number } | null;
}

/** What the runs measured. Null when no run had the figure. */
export const spreadOf = (values: readonly (number | null)[]): Spread | null =>
  spreadOfRepeats(values.filter((value) => value !== null).map((value) => ({ value })));

/** The same for figures whose scatter between sessions is known. */
export const spreadOfRepeats = (repeats: readonly Repeat[]): Spread | null => {
  if (repeats.length === 0) return null;
  const values = repeats.map(({ value }) => value);
  const interval = intervalOf(repeats);
  return {
    mean: meanOf(values),
    values,
    interval: interval && { low: Math.max(0, interval.low), high: interval.high },
  };
};

/**
 * `4.2 ms`; `4.2 ms [3.9 ms–5.0 ms]` with an interval; both values of two runs without one. Parts
 * that are written alike appear once.
 */
export const formatSpread = (
  spread: Spread | null,
  format: (value: number | null) => string,
): string => {
  if (spread === null) return format(null);
  const { mean, values, interval } = spread;
  if (interval === null) return [...new Set(values.map(format))].join(" / ");
  // No share exceeds 100 %.
  const most = format === formatPercent ? 1 : Infinity;
  const [low, high] = [format(interval.low), format(Math.min(interval.high, most))];
  return low === high ? format(mean) : `${format(mean)} [${low}–${high}]`;
};
