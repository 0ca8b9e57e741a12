/** What each bounce cost, how streams came back, latency and load, in sentences. */
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
      ? " Replay after a reconnect recovered " +
        `${percentOf(group, (run) => shareOfDue(run, run.recovered))}.`
      : "";
  if (worst(group, (run) => run.missedRatio) === 0) return `${subject} nothing.${replayed}`;
  const parts: string[] = [];
  if (worst(group, (run) => run.lost) > 0)
    parts.push(
      `${percentOf(group, (run) => run.lossRatio)} of published events lost${mainCause(group)}`,
    );
  if (worst(group, (run) => run.neverPublished) > 0)
    parts.push(`${percentOf(group, (run) => shareOfDue(run, run.neverPublished))} never published`);
  if (worst(group, (run) => run.indeterminate) > 0)
    parts.push(`${percentOf(group, (run) => shareOfDue(run, run.indeterminate))} indeterminate`);
  // A topology that misses events in steady state misses them without any bounce.
  const before = control ? groupSpread(control, (run) => run.missedRatio) : null;
  const cost =
    before === null
      ? "no steady-state run to compare with"
      : `${formatSpread(before, formatPercent)} in steady state`;
  const missed = percentOf(group, (run) => run.missedRatio);
  return `${subject} ${missed} of due events (${cost}): ${parts.join("; ")}.${replayed}`;
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

/** Per bounce: the time until every cut stream was back, and the peak of connection attempts. */
export const reconnectFindings = (groups: readonly RunGroup[]): string[] => {
  const cut = conclusive(groups).filter(
    (group) => group.bounce !== STEADY && worst(group, (run) => run.reconnects.count) > 0,
  );
  return groupBy(cut, (group) => group.bounce).map((here) => {
    const complete = here.filter((group) =>
      group.measured.every((run) => run.reconnects.timeTo100Ms !== null),
    );
    const partial = here.filter((group) => !complete.includes(group));
    const time = (group: RunGroup): string => {
      const back = groupSpread(group, (run) => run.reconnects.timeTo100Ms);
      return `${group.topology} (${formatSpread(back, formatMs)})`;
    };
    const peak = (group: RunGroup): number => worst(group, (run) => run.reconnects.peakPerSecond);
    const steepest = here.reduce((a, b) => (peak(b) > peak(a) ? b : a));
    const parts = [
      ...(complete.length > 0
        ? [
            "every cut stream was back within this time from the start of the bounce that " +
              "cut it: " +
              formatList(complete.map(time)),
          ]
        : []),
      ...(partial.length > 0 ? [`some cut streams never came back in ${names(partial)}`] : []),
      `connection attempts peaked at ${formatCount(peak(steepest))} per second, in ` +
        steepest.topology,
    ];
    return `${whenBounced(here[0].bounce)}, ${parts.join("; ")}.`;
  });
};

/** The range of steady-state latencies, without those of a stand-in. */
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
  const { how } = judgeDifference(
    { values: values(fastest.group) },
    { values: values(slowest.group) },
  );
  const shown = ({ group, p99 }: typeof fastest): string =>
    `${group.topology} (${formatSpread(p99, formatMs)})`;
  return [
    `In steady state, p99 latency was lowest in ${shown(fastest)} and highest in ` +
      `${shown(slowest)}: ${how}. ` +
      "Latency covers delivered events only, so a topology that loses events carries less load.",
  ];
};

/**
 * Runs whose load was below the requested one. What dead pipelines never published does not count
 * against the load generator. After a bounce that hit pipelines the two cannot be told apart, so
 * such runs are left out.
 */
export const loadFindings = (groups: readonly RunGroup[]): string[] =>
  groups
    .flatMap((group) => group.runs)
    .filter((run) => run.bounce === STEADY || (run.neverPublished === 0 && run.indeterminate === 0))
    .flatMap((run) => {
      const publishable =
        run.load.offeredEventsPerSecond *
        (1 - shareOfDue(run, run.neverPublished + run.indeterminate));
      if (run.load.achievedEventsPerSecond >= 0.95 * publishable) return [];
      const achieved = formatCount(run.load.achievedEventsPerSecond);
      return [
        `${run.topology}, ${bounceLabel(run.bounce)}, repeat ${run.repeat}: only ${achieved} of ` +
          `${formatCount(publishable)} publishable events per second were published, ` +
          "so the figures describe a smaller load.",
      ];
    });
