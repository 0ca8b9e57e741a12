/** Whether sessions stay on their instance, and how evenly a bounce leaves them spread. */
import type { RunResult } from "../../checker/run-result.ts";
import { CHANCE_SIGMAS } from "../../checker/thresholds.ts";
import { formatCount, formatList } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { groupBy } from "../../../common/portable/group-by.ts";
import { conclusive, countOf, names, percentOf } from "./phrases.ts";
import { type RunGroup, whenBounced } from "../summary/run-group.ts";
import { isDirect } from "../realtime-implementation-note.ts";

/** Uneven: the fullest instance has more than this many times the streams of the emptiest. */
const UNEVEN_FACTOR = 2;

/** A single instance, or streams from the broker itself, cannot be misrouted or unbalanced. */
const several = (group: RunGroup): boolean =>
  !isDirect(group) &&
  group.measured.every((run) => Object.keys(run.sessionsPerInstance).length > 1);

const hitRatio = (run: RunResult): number | null => run.affinity.hitRatio;

const alwaysHit = (group: RunGroup): boolean => group.measured.every((run) => hitRatio(run) === 1);

/**
 * One sentence on steady state: which topologies reached a 100 % affinity hit rate. One per bounce
 * on those that did: what the replacement of an instance costs their clients.
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
      : `${percentOf(group, hitRatio)} in ${group.topology}, with ` +
        `${countOf(group, (run) => run.affinity.misroutes)} misroutes`;
  return [
    ...(kept.length > 0
      ? [
          "A 100 % affinity hit rate in steady state is confirmed for " +
            `${names(kept)}${missed.length > 0 ? `; not reached by ${formatList(missed.map(rate))}` : ""}.`,
        ]
      : missed.length > 0
        ? [
            "No measured topology reached a 100 % affinity hit rate in steady state: " +
              `${formatList(missed.map(rate))}.`,
          ]
        : []),
    ...groupBy(bounced, (group) => group.bounce).map(
      (here) =>
        `${whenBounced(here[0].bounce)}, the affinity hit rate over the whole run was ` +
        `${here.map(cost).join("; ")}.`,
    ),
  ];
};

type End = "first" | "last";

const streamsAt = (run: RunResult, end: End): number[] =>
  Object.values(run.sessionsPerInstance).map((streams) => streams[end]);

const sum = (counts: readonly number[]): number =>
  counts.reduce((total, count) => total + count, 0);

/** Further from an equal share than random assignment explains. */
const isBeyondChance = (streams: readonly number[]): boolean => {
  const all = sum(streams);
  const share = 1 / streams.length;
  const limit = CHANCE_SIGMAS * Math.sqrt(all * share * (1 - share));
  return streams.some((count) => Math.abs(count - all * share) > limit);
};

const isLopsided = (streams: readonly number[]): boolean =>
  Math.max(...streams) > UNEVEN_FACTOR * Math.max(1, Math.min(...streams));

/** False if there are so few streams that even all of them on one instance could be chance. */
const canTell = (streams: readonly number[]): boolean =>
  isBeyondChance(streams.map((_, index) => (index === 0 ? sum(streams) : 0)));

/** `before`: uneven already before the bounce. `few`: too few streams to tell from chance. */
type Balance = "even" | "uneven" | "before" | "few";

const balanceOf = (run: RunResult): Balance => {
  const [before, after] = [streamsAt(run, "first"), streamsAt(run, "last")];
  const isUneven = (streams: readonly number[]): boolean =>
    isLopsided(streams) && isBeyondChance(streams);
  if (!canTell(after)) return "few";
  if (isUneven(after)) return run.bounce !== STEADY && isUneven(before) ? "before" : "uneven";
  return isLopsided(after) ? "few" : "even";
};

const range = (streams: readonly number[]): string =>
  `${formatCount(Math.max(...streams))} and ${formatCount(Math.min(...streams))}`;

/** What most repeats show, with the first run that shows it; `mixed` without a majority. */
const balanceOfMost = (
  group: RunGroup,
): { group: RunGroup; balance: Balance | "mixed"; example: RunResult } => {
  const [most] = groupBy(group.measured, balanceOf).sort((a, b) => b.length - a.length);
  const [example] = most ?? group.measured;
  if (example === undefined) throw new Error(`${group.topology} has no run`);
  const isMost = (most?.length ?? 0) * 2 > group.measured.length;
  return { group, balance: isMost ? balanceOf(example) : "mixed", example };
};

const COMPARED = "streams on the fullest and emptiest instance at the end";

/**
 * Per bounce: which topologies it left unevenly spread in most repeats (with the spread before),
 * which not, and which are undecided. Steady state appears only if it is uneven.
 */
export const balanceFindings = (groups: readonly RunGroup[]): string[] =>
  groupBy(conclusive(groups).filter(several), (group) => group.bounce).flatMap((here) => {
    const judged = here.map(balanceOfMost);
    const those = (balance: Balance | "mixed") => judged.filter((one) => one.balance === balance);
    const ofThose = (balance: Balance | "mixed"): string =>
      names(those(balance).map(({ group }) => group));
    const [uneven, even] = [those("uneven"), those("even")];
    if (here[0].bounce === STEADY && uneven.length === 0) return [];
    const cases = uneven.map(
      ({ group, example }) =>
        `${range(streamsAt(example, "last"))} in ${group.topology} ` +
        `(${range(streamsAt(example, "first"))} before)`,
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
              : `uneven load is refuted for ${ofThose("even")}: no instance ended with more ` +
                "than twice the streams of another",
          ]
        : []),
      ...(before.length > 0
        ? [`the load was already uneven before the bounce in ${formatList(before)}`]
        : []),
      ...(few.length > 0
        ? [
            `uneven load is not confirmed for ${formatList(few)}: too few streams to rule ` +
              "out chance",
          ]
        : []),
      ...(those("mixed").length > 0
        ? [`uneven load is not confirmed for ${ofThose("mixed")}: the repeats disagree`]
        : []),
    ];
    return [`${whenBounced(here[0].bounce)}, ${said.join("; ")}.`];
  });

/** Which topologies are left out because their streams are on no instance. */
export const directFindings = (groups: readonly RunGroup[]): string[] => {
  const direct = [...new Set(groups.filter(isDirect).map(({ topology }) => topology))];
  return direct.length === 0
    ? []
    : [
        `${formatList(direct)} ${direct.length === 1 ? "is" : "are"} left out: streams go ` +
          "to Realtime, not to an instance; only HTTP requests are routed.",
      ];
};

/** The share of all streams that the fullest instance has; null without any stream. */
export const fullestShare = (run: RunResult, end: End): number | null => {
  const streams = streamsAt(run, end);
  const all = sum(streams);
  return all === 0 ? null : Math.max(...streams) / all;
};
