/** Sentences drawn from the figures of a summary. Topologies are data here: every sentence is decided by what was measured. */
import type { RunResult } from "../checker/run-result.ts";
import { formatCount, formatList, formatMs, formatNumberOf, formatPercent } from "./format.ts";
import { CAUSE_NAMES, STEADY } from "./glossary.ts";
import { type RunGroup, bounceLabel, groupSpread } from "./run-group.ts";
import { formatSpread } from "./spread.ts";

/** Groups that conclusions may be drawn from: somebody was connected, something was due, and the run can be trusted. */
export const conclusive = (groups: readonly RunGroup[]): RunGroup[] =>
  groups.filter((group) => group.trusted && group.measured.every((run) => run.due > 0));

/** The largest value over the repeats: "lost nothing" has to hold in each of them. */
export const worst = (group: RunGroup, figure: (run: RunResult) => number): number =>
  Math.max(...group.measured.map(figure));

const names = (groups: readonly RunGroup[]): string => formatList(groups.map((group) => group.topology));

const percentOf = (group: RunGroup, figure: (run: RunResult) => number | null): string =>
  formatSpread(groupSpread(group, figure), formatPercent);

const countOf = (group: RunGroup, figure: (run: RunResult) => number | null): string =>
  formatSpread(groupSpread(group, figure), formatCount);

/** `mostly no-route (98.2 % of the losses)`; empty without a loss. */
const mainCause = (group: RunGroup): string => {
  const lost = group.measured.reduce((sum, run) => sum + run.lost, 0);
  const byCause = CAUSE_NAMES.map((cause) => ({
    cause,
    lost: group.measured.reduce((sum, run) => sum + run.lostByCause[cause], 0),
  })).sort((a, b) => b.lost - a.lost);
  const [first] = byCause;
  if (!first || first.lost === 0 || lost === 0) return "";
  return first.lost === lost
    ? `all of it ${first.cause}`
    : `mostly ${first.cause} (${formatPercent(first.lost / lost)} of the losses)`;
};

/** One sentence for those that lost nothing, one for each that did. */
export const steadyFindings = (groups: readonly RunGroup[]): string[] => {
  const steady = conclusive(groups).filter((group) => group.bounce === STEADY);
  const clean = steady.filter((group) => worst(group, (run) => run.lost) === 0);
  const lossy = steady.filter((group) => !clean.includes(group));
  return [
    ...(clean.length > 0
      ? [`Undisturbed, ${names(clean)} lost nothing of what was due.`]
      : steady.length > 0
        ? ["Undisturbed, every measured topology lost events."]
        : []),
    ...lossy.map(
      (group) =>
        `Undisturbed, ${group.topology} lost ${percentOf(group, (run) => run.lossRatio)} of what was due, ${mainCause(group)}: no deploy is needed for that.`,
    ),
  ];
};

const bounceFinding = (group: RunGroup, control: RunGroup | undefined): string => {
  const missed = groupSpread(group, (run) => run.missedRatio)?.median ?? 0;
  const before = control ? (groupSpread(control, (run) => run.missedRatio)?.median ?? 0) : null;
  if (worst(group, (run) => run.missedRatio) === 0)
    return `Across ${bounceLabel(group.bounce)}, ${group.topology} missed nothing.`;
  const parts = [
    `lost ${percentOf(group, (run) => run.lossRatio)}${mainCause(group) ? ` (${mainCause(group)})` : ""}`,
  ];
  if (worst(group, (run) => run.neverPublished) > 0)
    parts.push(
      `${percentOf(group, (run) => (run.due > 0 ? run.neverPublished / run.due : 0))} was never published because its pipelines died`,
    );
  if (worst(group, (run) => run.indeterminate) > 0)
    parts.push(`what became of ${countOf(group, (run) => run.indeterminate)} due pairs is not known`);
  // A cost is an addition: a topology that misses much in steady state pays that part without any bounce.
  const cost =
    before === null
      ? "there is no steady-state run to compare with"
      : before === 0
        ? "none of that in steady state"
        : `${formatPercent(before)} in steady state already`;
  return `Across ${bounceLabel(group.bounce)}, ${group.topology} missed ${percentOf(group, (run) => run.missedRatio)} of what was due (${cost})${missed === 0 ? " in some repeats only" : ""}: ${formatList(parts)}.`;
};

/** What each bounce cost each topology, against its own steady state. */
export const bounceFindings = (groups: readonly RunGroup[]): string[] => {
  const usable = conclusive(groups);
  return usable
    .filter((group) => group.bounce !== STEADY)
    .map((group) =>
      bounceFinding(
        group,
        usable.find((other) => other.topology === group.topology && other.bounce === STEADY),
      ),
    );
};

/** Per bounce: whose users were left waiting. The number that matters most to people who watch a pipeline. */
export const stuckFindings = (groups: readonly RunGroup[]): string[] => {
  const usable = conclusive(groups);
  return [...new Set(usable.map((group) => group.bounce))].map((bounce) => {
    const here = usable.filter((group) => group.bounce === bounce);
    const stuck = here.filter((group) => worst(group, (run) => run.stuckStreams) > 0);
    const free = here.filter((group) => !stuck.includes(group));
    const share = (group: RunGroup): string =>
      `${countOf(group, (run) => run.stuckStreams)} of ${countOf(group, (run) => run.sessions)} streams in ${group.topology}`;
    const when = bounce === STEADY ? "In steady state" : `Across ${bounceLabel(bounce)}`;
    if (stuck.length === 0) return `${when}, no stream was stuck in ${names(free)}.`;
    return `${when}, people were left waiting for an end that never came: ${formatList(stuck.map(share))}${free.length > 0 ? `; none in ${names(free)}` : ""}.`;
  });
};

/** How many connection attempts a bounce caused, and how long until everybody was back. */
export const reconnectFindings = (groups: readonly RunGroup[]): string[] =>
  conclusive(groups)
    .filter((group) => group.bounce !== STEADY && worst(group, (run) => run.reconnects.count) > 0)
    .map((group) => {
      const [last, absent] = [
        groupSpread(group, (run) => run.reconnects.timeTo100Ms),
        group.measured.filter((run) => run.reconnects.timeTo100Ms === null).length,
      ];
      const back = last
        ? `all cut streams were back after ${formatSpread(last, formatMs)}${absent > 0 ? `, but not in ${absent} of ${formatNumberOf(group.measured.length, "run")}` : ""}`
        : "not all cut streams came back";
      return `Across ${bounceLabel(group.bounce)}, ${group.topology} saw ${countOf(group, (run) => run.reconnects.count)} reconnects, at most ${countOf(group, (run) => run.reconnects.peakPerSecond)} connection attempts in one second; ${back}.`;
    });

/** The span of steady-state latencies. */
export const latencyFindings = (groups: readonly RunGroup[]): string[] => {
  const measured = conclusive(groups)
    .filter((group) => group.bounce === STEADY)
    .flatMap((group) => {
      const p99 = groupSpread(group, (run) => run.latencyMs?.p99 ?? null);
      return p99 ? [{ group, p99 }] : [];
    })
    .sort((a, b) => a.p99.median - b.p99.median);
  const [fastest, slowest] = [measured[0], measured.at(-1)];
  if (!fastest || !slowest || fastest === slowest) return [];
  const overlap = slowest.p99.min <= fastest.p99.max;
  return [
    `In steady state 99 % of what was delivered arrived within ${formatSpread(fastest.p99, formatMs)} in ${fastest.group.topology} (the fastest) and ${formatSpread(slowest.p99, formatMs)} in ${slowest.group.topology} (the slowest)${overlap ? "; these lie within each other's spread" : ""}. Only what arrived counts, so a topology that loses events carries less load than one that delivers them.`,
  ];
};

/** Groups that ended with more than twice as many streams on one instance as on another, in at least one repeat. */
export const unevenFindings = (groups: readonly RunGroup[]): string[] =>
  conclusive(groups).flatMap((group) => {
    const example = group.measured
      .map((run) => Object.values(run.sessionsPerInstance).map((streams) => streams.last))
      .find((last) => last.length > 1 && Math.max(...last) > 2 * Math.max(1, Math.min(...last)));
    if (!example) return [];
    const when = group.bounce === STEADY ? "In steady state" : `Across ${bounceLabel(group.bounce)}`;
    return [
      `${when}, ${group.topology} ended with ${formatCount(Math.max(...example))} streams on one instance and ${formatCount(Math.min(...example))} on another.`,
    ];
  });

/** Runs whose load was not what was asked for: their figures are of a smaller load. */
export const loadFindings = (groups: readonly RunGroup[]): string[] =>
  groups
    .flatMap((group) => group.runs)
    .filter((run) => run.load.achievedEventsPerSecond < 0.95 * run.load.offeredEventsPerSecond)
    .map(
      (run) =>
        `${run.topology}, ${bounceLabel(run.bounce)}, repeat ${run.repeat}: ${formatCount(run.load.achievedEventsPerSecond)} of ${formatCount(run.load.offeredEventsPerSecond)} offered events per second were achieved.`,
    );
