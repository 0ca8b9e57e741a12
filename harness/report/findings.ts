/** Sentences drawn from the figures of a summary. Topologies are data here: every sentence is decided by what was measured. */
import type { RunResult } from "../checker/run-result.ts";
import { judgeDifference } from "./difference.ts";
import { formatCount, formatList, formatMs, formatPercent } from "./format.ts";
import { CAUSE_NAMES, STEADY } from "./glossary.ts";
import { groupBy } from "./group-by.ts";
import { type RunGroup, bounceLabel, groupSpread, shareOfDue, whenBounced } from "./run-group.ts";
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

/** `, mostly no-route (98.2 % of it)`; empty without a loss. */
const mainCause = (group: RunGroup): string => {
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
        `Undisturbed, ${group.topology} lost ${percentOf(group, (run) => run.lossRatio)} of what was due${mainCause(group)}: no deploy is needed for that.`,
    ),
  ];
};

const bounceFinding = (group: RunGroup, control: RunGroup | undefined): string => {
  const subject = `${whenBounced(group.bounce)}, ${group.topology} missed`;
  const replayed =
    worst(group, (run) => run.recovered) > 0
      ? `; ${percentOf(group, (run) => shareOfDue(run, run.recovered))} arrived by replay after a reconnect`
      : "";
  if (worst(group, (run) => run.missedRatio) === 0) return `${subject} nothing${replayed}.`;
  const parts: string[] = [];
  if (worst(group, (run) => run.lost) > 0)
    parts.push(`${percentOf(group, (run) => run.lossRatio)} lost${mainCause(group)}`);
  if (worst(group, (run) => run.neverPublished) > 0)
    parts.push(`${percentOf(group, (run) => shareOfDue(run, run.neverPublished))} never published`);
  if (worst(group, (run) => run.indeterminate) > 0)
    parts.push(
      `${percentOf(group, (run) => shareOfDue(run, run.indeterminate))} of which nobody can tell what became of it`,
    );
  // A cost is an addition: a topology that misses much in steady state pays that part without any bounce.
  const before = control ? groupSpread(control, (run) => run.missedRatio) : null;
  const cost =
    before === null
      ? "there is no steady-state run to compare with"
      : before.max === 0
        ? "none of that in steady state"
        : `${formatSpread(before, formatPercent)} in steady state already`;
  return `${subject} ${percentOf(group, (run) => run.missedRatio)} of what was due (${cost}): ${parts.join("; ")}${replayed}.`;
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

/** Per bounce: what died pipelines never published, which no way of delivery could have saved. */
export const deathFindings = (groups: readonly RunGroup[]): string[] => {
  const dead = conclusive(groups).filter((group) => worst(group, (run) => run.neverPublished) > 0);
  const share = (group: RunGroup): string =>
    `${percentOf(group, (run) => shareOfDue(run, run.neverPublished))} in ${group.topology}`;
  return groupBy(dead, (group) => group.bounce).map(
    (here) =>
      `${whenBounced(here[0].bounce)}, pipelines died, and no way of delivery can save what they never published; of what was due: ${formatList(here.map(share))}.`,
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
      `${countOf(group, (run) => run.stuckStreams)} of ${countOf(group, (run) => run.sessions)} streams`;
    const when = whenBounced(bounce);
    if (stuck.length === 0) return `${when}, no stream was stuck in ${names(free)}.`;
    const shares = groupBy(stuck, share).map((alike) => `${share(alike[0])} in ${names(alike)}`);
    return `${when}, people were left waiting for an end that never came: ${shares.join("; ")}${free.length > 0 ? `; none in ${names(free)}` : ""}.`;
  });
};

/** Per bounce: how long after the bounce that cut it each stream was back, and the steepest storm of connection attempts. */
export const reconnectFindings = (groups: readonly RunGroup[]): string[] => {
  const cut = conclusive(groups).filter(
    (group) => group.bounce !== STEADY && worst(group, (run) => run.reconnects.count) > 0,
  );
  return groupBy(cut, (group) => group.bounce).map((here) => {
    const complete = here.filter((group) =>
      group.measured.every((run) => run.reconnects.timeTo100Ms !== null),
    );
    const partial = here.filter((group) => !complete.includes(group));
    const time = (group: RunGroup): string =>
      `${group.topology} (${formatSpread(
        groupSpread(group, (run) => run.reconnects.timeTo100Ms),
        formatMs,
      )})`;
    const steepest = here.reduce((a, b) =>
      worst(b, (run) => run.reconnects.peakPerSecond) > worst(a, (run) => run.reconnects.peakPerSecond)
        ? b
        : a,
    );
    const parts = [
      ...(complete.length > 0
        ? [
            `every cut stream was back within this time from the start of the bounce that cut it: ${formatList(complete.map(time))}`,
          ]
        : []),
      ...(partial.length > 0 ? [`not all cut streams came back in ${names(partial)}`] : []),
      `the steepest storm was ${formatCount(worst(steepest, (run) => run.reconnects.peakPerSecond))} connection attempts in one second, in ${steepest.topology}`,
    ];
    return `${whenBounced(here[0].bounce)}, ${parts.join("; ")}.`;
  });
};

/** Losses that no rule explains: where surprises are. */
export const unexplainedFindings = (groups: readonly RunGroup[]): string[] =>
  conclusive(groups)
    .filter((group) => worst(group, (run) => run.lostByCause.unexplained) > 0)
    .map(
      (group) =>
        `${whenBounced(group.bounce)}, ${countOf(group, (run) => run.lostByCause.unexplained)} losses of ${group.topology} have no known cause: look there first.`,
    );

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
  const values = (group: RunGroup): number[] =>
    group.measured.flatMap((run) => (run.latencyMs ? [run.latencyMs.p99] : []));
  const { how } = judgeDifference({ values: values(fastest.group) }, { values: values(slowest.group) });
  return [
    `In steady state 99 % of what was delivered arrived within ${formatSpread(fastest.p99, formatMs)} in ${fastest.group.topology} (the fastest) and ${formatSpread(slowest.p99, formatMs)} in ${slowest.group.topology} (the slowest; ${how}). Only what arrived counts, so a topology that loses events carries less load than one that delivers them.`,
  ];
};

/** Per bounce: groups that ended with more than twice as many streams on one instance as on another, in at least one repeat. */
export const unevenFindings = (groups: readonly RunGroup[]): string[] => {
  const uneven = conclusive(groups).flatMap((group) => {
    const example = group.measured
      .map((run) => Object.values(run.sessionsPerInstance).map((streams) => streams.last))
      .find((last) => last.length > 1 && Math.max(...last) > 2 * Math.max(1, Math.min(...last)));
    if (!example) return [];
    const ends = `${formatCount(Math.max(...example))} and ${formatCount(Math.min(...example))} in ${group.topology}`;
    return [{ bounce: group.bounce, ends }];
  });
  return groupBy(uneven, ({ bounce }) => bounce).map(
    (here) =>
      `${whenBounced(here[0].bounce)}, streams ended unevenly spread; on the fullest and the emptiest instance: ${here.map(({ ends }) => ends).join("; ")}.`,
  );
};

/**
 * Runs whose load was not what was asked for, so that their figures are of a smaller load. What died pipelines never
 * published is not held against the load generator; after a bounce that hit pipelines it cannot be told apart at all.
 */
export const loadFindings = (groups: readonly RunGroup[]): string[] =>
  groups
    .flatMap((group) => group.runs)
    .filter((run) => run.bounce === STEADY || (run.neverPublished === 0 && run.indeterminate === 0))
    .flatMap((run) => {
      const publishable =
        run.load.offeredEventsPerSecond * (1 - shareOfDue(run, run.neverPublished + run.indeterminate));
      if (run.load.achievedEventsPerSecond >= 0.95 * publishable) return [];
      return [
        `${run.topology}, ${bounceLabel(run.bounce)}, repeat ${run.repeat}: ${formatCount(run.load.achievedEventsPerSecond)} of ${formatCount(publishable)} events per second that could have been published were achieved, so its figures are of a smaller load.`,
      ];
    });
