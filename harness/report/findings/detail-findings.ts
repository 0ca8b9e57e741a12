/** What each bounce cost, how streams came back, latency and load, in sentences. */
import { DELIVERY_P99, P99, repeatsOf } from "../summary/figures.ts";
import { formatCount, formatList, formatMs, formatPercent } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { groupBy } from "../../../common/portable/group-by.ts";
import { conclusive, mainCause, names, percentOf, worst } from "./phrases.ts";
import { rankAll, rankClause } from "./ranking.ts";
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

/** Which topology delivers fastest in steady state, without those of a stand-in. */
export const latencyFindings = (groups: readonly RunGroup[]): string[] => {
  const measured = conclusive(groups).filter(
    (group) => group.bounce === STEADY && !isStandIn(group),
  );
  const figure = measured.some((group) => repeatsOf(group, DELIVERY_P99).length > 0)
    ? DELIVERY_P99
    : P99;
  return rankAll([{ groups: measured, figure }]).flatMap((ranking) => {
    const clause = rankClause(ranking, { least: "was fastest", more: "took longer" });
    return clause === null
      ? []
      : [
          `In steady state, by ${figure.name}, ${clause}. ` +
            "Latency covers delivered events only, so a topology that loses events carries " +
            "less load.",
        ];
  });
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
