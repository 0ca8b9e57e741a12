/** What each bounce cost, how streams came back, and latency, in sentences drawn from the figures. */
import { judgeDifference } from "../summary/difference.ts";
import { formatCount, formatList, formatMs, formatPercent } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { groupBy } from "../../../common/portable/group-by.ts";
import { conclusive, mainCause, names, percentOf, worst } from "./phrases.ts";
import {
  type RunGroup,
  bounceLabel,
  groupSpread,
  shareOfDue,
  whenBounced,
  formatSpread,
} from "../summary/run-group.ts";
import { isStandIn } from "../realtime-implementation-note.ts";

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

/** The span of steady-state latencies, without those that a stand-in decided. */
export const latencyFindings = (groups: readonly RunGroup[]): string[] => {
  const measured = conclusive(groups)
    .filter((group) => group.bounce === STEADY && !isStandIn(group))
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
