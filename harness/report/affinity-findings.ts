/** Whether sessions stay with their instance, and how evenly a bounce leaves them spread, in sentences drawn from the figures. */
import type { RunResult } from "../checker/run-result.ts";
import { formatCount, formatList } from "./format.ts";
import { STEADY } from "./glossary.ts";
import { groupBy } from "./group-by.ts";
import { conclusive, countOf, names, percentOf } from "./group-wording.ts";
import { type RunGroup, whenBounced } from "./run-group.ts";

/** More than this many times the streams of the emptiest instance on the fullest one is called uneven. */
const UNEVEN_FACTOR = 2;

/** With a single instance there is nothing to miss and nothing to balance. */
const several = (group: RunGroup): boolean =>
  group.measured.every((run) => Object.keys(run.sessionsPerInstance).length > 1);

const hitRatio = (run: RunResult): number | null => run.affinity.hitRatio;

const alwaysHit = (group: RunGroup): boolean => group.measured.every((run) => hitRatio(run) === 1);

/**
 * One sentence on steady state: where the affinity hit rate was 100 %, and where not. One for each bounce on those with 100 %
 * there: what a client that keeps to its instance goes through when that instance is replaced.
 */
export const affinityFindings = (groups: readonly RunGroup[]): string[] => {
  const usable = conclusive(groups).filter(
    (group) => several(group) && group.measured.some((run) => hitRatio(run) !== null),
  );
  const steady = usable.filter((group) => group.bounce === STEADY);
  const kept = steady.filter(alwaysHit);
  const missed = steady.filter((group) => !kept.includes(group));
  const rate = (group: RunGroup): string => `${group.topology} (${percentOf(group, hitRatio)})`;
  const bounced = usable.filter(
    (group) => group.bounce !== STEADY && kept.some((other) => other.topology === group.topology),
  );
  const cost = (group: RunGroup): string =>
    alwaysHit(group)
      ? `still 100 % in ${group.topology}`
      : `${percentOf(group, hitRatio)} in ${group.topology}, with ${countOf(group, (run) => run.affinity.misroutes)} misroutes`;
  return [
    ...(kept.length > 0
      ? [
          `A 100 % affinity hit rate in steady state is confirmed for ${names(kept)}${missed.length > 0 ? `; it is not reached by ${formatList(missed.map(rate))}` : ""}.`,
        ]
      : missed.length > 0
        ? [
            `No measured topology reached a 100 % affinity hit rate in steady state: ${formatList(missed.map(rate))}.`,
          ]
        : []),
    ...groupBy(bounced, (group) => group.bounce).map(
      (here) =>
        `${whenBounced(here[0].bounce)}, the affinity hit rate over the whole run was ${here.map(cost).join("; ")}.`,
    ),
  ];
};

type End = "first" | "last";

const streamsAt = (run: RunResult, end: End): number[] =>
  Object.values(run.sessionsPerInstance).map((streams) => streams[end]);

const isUneven = (streams: readonly number[]): boolean =>
  Math.max(...streams) > UNEVEN_FACTOR * Math.max(1, Math.min(...streams));

const range = (streams: readonly number[]): string =>
  `${formatCount(Math.max(...streams))} and ${formatCount(Math.min(...streams))}`;

/**
 * Per bounce: where streams ended unevenly spread, against how they had begun, in at least one repeat; and where they did not.
 * Of steady state only what is uneven: nothing claims that it is.
 */
export const balanceFindings = (groups: readonly RunGroup[]): string[] =>
  groupBy(conclusive(groups).filter(several), (group) => group.bounce).flatMap((here) => {
    const uneven = here.flatMap((group) => {
      const example = group.measured.find((run) => isUneven(streamsAt(run, "last")));
      return example === undefined ? [] : [{ group, example }];
    });
    const even = here.filter((group) => uneven.every((one) => one.group !== group));
    const when = whenBounced(here[0].bounce);
    const cases = uneven.map(
      ({ group, example }) =>
        `${range(streamsAt(example, "last"))} in ${group.topology} (${range(streamsAt(example, "first"))} before)`,
    );
    if (cases.length === 0)
      return here[0].bounce === STEADY
        ? []
        : `${when}, uneven load is refuted for ${names(even)}: no instance ended with more than twice the streams of another.`;
    return `${when}, uneven load is confirmed; streams on the fullest and the emptiest instance at the end: ${cases.join("; ")}${even.length > 0 ? `; refuted for ${names(even)}` : ""}.`;
  });

/** The share of all streams that the fullest instance has; null without any stream. */
export const fullestShare = (run: RunResult, end: End): number | null => {
  const streams = streamsAt(run, end);
  const all = streams.reduce((sum, count) => sum + count, 0);
  return all === 0 ? null : Math.max(...streams) / all;
};
