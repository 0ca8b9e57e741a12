/** Whether sessions stay with their instance, and how evenly a bounce leaves them spread, in sentences drawn from the figures. */
import type { RunResult } from "../../checker/run-result.ts";
import { CHANCE_SIGMAS } from "../../checker/thresholds.ts";
import { formatCount, formatList } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { groupBy } from "../../../common/portable/group-by.ts";
import { conclusive, countOf, names, percentOf } from "./phrases.ts";
import { type RunGroup, whenBounced } from "../summary/run-group.ts";
import { isDirect } from "../realtime-implementation-note.ts";

/** More than this many times the streams of the emptiest instance on the fullest one is called uneven. */
const UNEVEN_FACTOR = 2;

/** With a single instance, or streams that are the broker's own, there is nothing to miss and nothing to balance. */
const several = (group: RunGroup): boolean =>
  !isDirect(group) && group.measured.every((run) => Object.keys(run.sessionsPerInstance).length > 1);

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

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** Further from an equal share than the fullest or emptiest of instances that are drawn at random ever is. */
const isBeyondChance = (streams: readonly number[]): boolean => {
  const all = sum(streams);
  const share = 1 / streams.length;
  const limit = CHANCE_SIGMAS * Math.sqrt(all * share * (1 - share));
  return streams.some((count) => Math.abs(count - all * share) > limit);
};

const isLopsided = (streams: readonly number[]): boolean =>
  Math.max(...streams) > UNEVEN_FACTOR * Math.max(1, Math.min(...streams));

/** False when the streams are so few that even all of them on one instance could be chance. */
const canTell = (streams: readonly number[]): boolean =>
  isBeyondChance(streams.map((_, index) => (index === 0 ? sum(streams) : 0)));

/** `before`: uneven at the end, as it was before the bounce. `few`: lopsided, or not, by no more than chance makes of so few streams. */
type Balance = "even" | "uneven" | "before" | "few";

const balanceOf = (run: RunResult): Balance => {
  const [before, after] = [streamsAt(run, "first"), streamsAt(run, "last")];
  const isUneven = (streams: readonly number[]): boolean => isLopsided(streams) && isBeyondChance(streams);
  if (!canTell(after)) return "few";
  if (isUneven(after)) return run.bounce !== STEADY && isUneven(before) ? "before" : "uneven";
  return isLopsided(after) ? "few" : "even";
};

const range = (streams: readonly number[]): string =>
  `${formatCount(Math.max(...streams))} and ${formatCount(Math.min(...streams))}`;

/** What most repeats show, with the first run that shows it; `mixed` where no balance has most of them. */
const balanceOfMost = (
  group: RunGroup,
): { group: RunGroup; balance: Balance | "mixed"; example: RunResult } => {
  const [most] = groupBy(group.measured, balanceOf).sort((a, b) => b.length - a.length);
  const [example] = most ?? group.measured;
  if (example === undefined) throw new Error(`${group.topology} has no run`);
  const isMost = (most?.length ?? 0) * 2 > group.measured.length;
  return { group, balance: isMost ? balanceOf(example) : "mixed", example };
};

const COMPARED = "streams on the fullest and the emptiest instance at the end";

/**
 * Per bounce: where it left the streams unevenly spread in most repeats, against how they had begun; where it did not; and where that
 * cannot be told. Of steady state only what is uneven: nothing claims that it is.
 */
export const balanceFindings = (groups: readonly RunGroup[]): string[] =>
  groupBy(conclusive(groups).filter(several), (group) => group.bounce).flatMap((here) => {
    const judged = here.map(balanceOfMost);
    const those = (balance: Balance | "mixed") => judged.filter((one) => one.balance === balance);
    const ofThose = (balance: Balance | "mixed"): string => names(those(balance).map(({ group }) => group));
    const [uneven, even] = [those("uneven"), those("even")];
    if (here[0].bounce === STEADY && uneven.length === 0) return [];
    const cases = uneven.map(
      ({ group, example }) =>
        `${range(streamsAt(example, "last"))} in ${group.topology} (${range(streamsAt(example, "first"))} before)`,
    );
    const before = those("before").map(
      ({ group, example }) => `${group.topology} (${range(streamsAt(example, "first"))})`,
    );
    const few = those("few").map(
      ({ group, example }) => `${group.topology} (${range(streamsAt(example, "last"))})`,
    );
    const said = [
      ...(uneven.length > 0 ? [`uneven load is confirmed; ${COMPARED}: ${cases.join("; ")}`] : []),
      ...(even.length > 0
        ? [
            uneven.length > 0
              ? `refuted for ${ofThose("even")}`
              : `uneven load is refuted for ${ofThose("even")}: no instance ended with more than twice the streams of another`,
          ]
        : []),
      ...(before.length > 0
        ? [`uneven load is not the bounce's in ${formatList(before)}: it was there before`]
        : []),
      ...(few.length > 0
        ? [`uneven load is not confirmed for ${formatList(few)}: not enough streams to tell it from chance`]
        : []),
      ...(those("mixed").length > 0
        ? [`uneven load is not confirmed for ${ofThose("mixed")}: most repeats do not agree`]
        : []),
    ];
    return [`${whenBounced(here[0].bounce)}, ${said.join("; ")}.`];
  });

/** Whose streams are on no instance, and why they are not judged by it. */
export const directFindings = (groups: readonly RunGroup[]): string[] => {
  const direct = [...new Set(groups.filter(isDirect).map(({ topology }) => topology))];
  return direct.length === 0
    ? []
    : [
        `${formatList(direct)} ${direct.length === 1 ? "is" : "are"} left out: streams go to Realtime and to no instance, and only the HTTP requests beside them are routed.`,
      ];
};

/** The share of all streams that the fullest instance has; null without any stream. */
export const fullestShare = (run: RunResult, end: End): number | null => {
  const streams = streamsAt(run, end);
  const all = sum(streams);
  return all === 0 ? null : Math.max(...streams) / all;
};
