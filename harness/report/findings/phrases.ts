/** Phrases that sentences about groups share. */
import type { RunResult } from "../../checker/run-result.ts";
import { formatCount, formatList, formatPercent } from "../format.ts";
import { CAUSE_NAMES } from "../glossary.ts";
import { type RunGroup, groupSpread, formatSpread } from "../summary/run-group.ts";

/**
 * Groups that allow conclusions about losses: events were due, ledgers tell what was published, and
 * at least one run can be trusted.
 */
export const conclusive = (groups: readonly RunGroup[]): RunGroup[] =>
  groups.filter(
    (group) =>
      group.trusted &&
      group.measured.every(({ due, withoutLedger }) => due > 0 && withoutLedger === null),
  );

/** The largest value over the repeats: "lost nothing" has to hold in each of them. */
export const worst = (group: RunGroup, figure: (run: RunResult) => number): number =>
  Math.max(...group.measured.map(figure));

/** Their topologies as a list. */
export const names = (groups: readonly RunGroup[]): string =>
  formatList(groups.map((group) => group.topology));

/**
 * Groups without a loss as a list, each with how long that was observed: none seen does not prove
 * that there are none.
 */
export const losslessNames = (groups: readonly RunGroup[]): string =>
  formatList(
    groups.map(({ topology, measured }) => {
      const hours = measured.reduce((sum, { steady }) => sum + (steady?.streamHours ?? 0), 0);
      return hours === 0 ? topology : `${topology} (in ${formatCount(hours)} stream-hours)`;
    }),
  );

/** A ratio over the repeats, written out. */
export const percentOf = (group: RunGroup, figure: (run: RunResult) => number | null): string =>
  formatSpread(groupSpread(group, figure), formatPercent);

/** A count over the repeats, written out. */
export const countOf = (group: RunGroup, figure: (run: RunResult) => number | null): string =>
  formatSpread(groupSpread(group, figure), formatCount);

/** `, mostly no-route (98.2 % of it)`; empty without a loss. */
export const mainCause = (group: RunGroup): string => {
  const total = (figure: (run: RunResult) => number): number =>
    group.measured.reduce((sum, run) => sum + figure(run), 0);
  const lost = total((run) => run.lost);
  const [first] = CAUSE_NAMES.map((cause) => ({
    cause,
    lost: total((run) => run.lostByCause[cause]),
  })).sort((a, b) => b.lost - a.lost);
  if (!first || first.lost === 0) return "";
  return first.lost === lost
    ? `, all of it ${first.cause}`
    : `, mostly ${first.cause} (${formatPercent(first.lost / lost)} of it)`;
};
