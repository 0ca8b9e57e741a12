/** Which of the measured topologies fits whose needs, by rules over the measured figures alone. */
import type { RunResult } from "../../checker/run-result.ts";
import { CHANCE_SIGMAS } from "../../checker/thresholds.ts";
import { judgeDifference } from "../summary/difference.ts";
import { conclusive, worst } from "./phrases.ts";
import { formatCount, formatList, formatPercent } from "../format.ts";
import { OUTAGE } from "./realtime-findings.ts";
import { realtimeFits } from "./realtime-fits.ts";
import { STEADY } from "../glossary.ts";
import {
  type RunGroup,
  bounceLabel,
  groupFigure,
  groupMedian,
  lostOfPublished,
  measuredVerdict,
  ratioSample,
  whenBounced,
} from "../summary/run-group.ts";
import { isDirect } from "../realtime-implementation-note.ts";

/** What "did worse" means, said once for all sentences. */
export const HOW_JUDGED = `"Did worse" is said only of what chance does not explain: outside of the spread of the repeats or, with a single run on a side, beyond ${CHANCE_SIGMAS} binomial standard errors over the sessions.`;

const stuckRatio = (run: RunResult): number => (run.sessions > 0 ? run.stuckStreams / run.sessions : 0);

interface Ranking {
  /** The group with the lowest median, and those that cannot be told from it. */
  leaders: RunGroup[];
  worse: RunGroup[];
}

const rank = (groups: readonly RunGroup[], figure: (run: RunResult) => number): Ranking => {
  const sorted = [...groups].sort((a, b) => groupMedian(a, figure) - groupMedian(b, figure));
  const [first] = sorted;
  if (!first) return { leaders: [], worse: [] };
  const isWorse = (group: RunGroup): boolean =>
    group !== first &&
    judgeDifference(ratioSample(first, figure), ratioSample(group, figure)).direction === "higher";
  return {
    leaders: sorted.filter((group) => !isWorse(group)),
    worse: sorted.filter(isWorse),
  };
};

/** One sentence without its full stop; null when there is nothing to choose between. */
const rankClause = (
  { leaders, worse }: Ranking,
  figure: (run: RunResult) => number,
  [verb, noun]: readonly [string, string],
): string | null => {
  const shown = (group: RunGroup): string =>
    `${group.topology} (${groupFigure(group, figure, formatPercent)})`;
  const first = leaders[0];
  if (!first || leaders.length + worse.length < 2) return null;
  const when = whenBounced(first.bounce);
  if (worse.length === 0) return `${when}, ${noun} does not tell ${formatList(leaders.map(shown))} apart`;
  const apart = leaders.length > 1 ? " and cannot be told apart" : "";
  return `${when}, ${formatList(leaders.map(shown))} ${verb}${apart}; ${formatList(worse.map(shown))} did worse`;
};

/** Who delivers best, whose users go without least, and whose streams end: three questions with different answers. */
const rankings = (here: readonly RunGroup[]): string[] => {
  const [delivery, missed, stuck] = [
    rank(here, lostOfPublished),
    rank(here, (run) => run.missedRatio),
    rank(here, stuckRatio),
  ];
  // Better delivery that ends as many streams is what a reader of the loss alone would overlook.
  const alike = delivery.worse.filter((group) => stuck.leaders.includes(group));
  const inVain = alike.length > 0 && delivery.leaders.every((group) => worst(group, stuckRatio) > 0);
  const died = delivery.leaders.some((group) => worst(group, (run) => run.neverPublished) > 0);
  const share = (group: RunGroup): string =>
    `${group.topology} (${groupFigure(group, stuckRatio, formatPercent)})`;
  const caveat = inVain
    ? `. Yet no fewer streams end stuck in ${formatList(delivery.leaders.map(share))} than in ${formatList(alike.map(share))}${died ? ": pipelines die with their instance, and no delivery replaces them" : ""}`
    : "";
  const best = rankClause(delivery, lostOfPublished, [
    "lost the smallest share of what was published",
    "the share lost of what was published",
  ]);
  return [
    best === null ? null : `${best}${caveat}`,
    rankClause(missed, (run) => run.missedRatio, ["missed the fewest events", "the share of missed events"]),
    // Where it tells none apart, what the best left stuck says enough.
    stuck.worse.length === 0
      ? null
      : rankClause(stuck, stuckRatio, ["left the fewest streams stuck", "the share of stuck streams"]),
  ]
    .filter((clause) => clause !== null)
    .map((clause) => `${clause}.`);
};

/** Whose needs are met without exception: nothing missed, every stream ended. */
const needs = (here: readonly RunGroup[], label: string): string[] => {
  if (here.length === 0) return [];
  const namesOf = (groups: readonly RunGroup[]): string => formatList(groups.map((group) => group.topology));
  const whole = here.filter((group) => worst(group, (run) => run.missedRatio) === 0);
  const finishing = here.filter((group) => worst(group, (run) => run.stuckStreams) === 0);
  if (finishing.length === 0 && whole.length === 0)
    return [
      `Where nothing may be missed, or every stream has to reach its end, across ${label}, no measured topology fits: the best left ${formatCount(Math.min(...here.map((group) => groupMedian(group, (run) => run.stuckStreams))))} streams stuck.`,
    ];
  return [
    whole.length > 0
      ? `Fit where nothing may be missed across ${label}: ${namesOf(whole)}.`
      : `Where nothing may be missed across ${label}, no measured topology fits.`,
    finishing.length > 0
      ? `Every stream reached its end across ${label} in ${namesOf(finishing)}.`
      : `Where every stream has to reach its end across ${label}, no measured topology fits.`,
  ];
};

/** Sentences for somebody who has to choose. Empty figures give a sentence that says so, never a choice. */
export const whichFits = (groups: readonly RunGroup[]): string[] => {
  const usable = conclusive(groups);
  const steady = usable.filter((group) => group.bounce === STEADY);
  if (usable.length === 0) return ["No run can be trusted, so these figures do not say which topology fits."];
  const clean = new Set(
    steady.filter((group) => worst(group, (run) => run.lost) === 0).map((group) => group.topology),
  );
  const lossy = steady.filter((group) => !clean.has(group.topology));
  const said: string[] = [];
  if (steady.length === 0)
    said.push(
      "Steady state was not measured, so nothing tells the cost of a bounce from a loss that is always there.",
    );
  if (lossy.length > 0)
    said.push(
      `Not fit for live delivery at this number of replicas, because events are lost with nobody deploying: ${formatList(lossy.map((group) => `${group.topology} (${groupFigure(group, (run) => run.lossRatio, formatPercent)})`))}.`,
    );
  if (clean.size > 0)
    said.push(
      `Fit at least as long as nothing is deployed and nothing crashes while people are connected: ${formatList([...clean])}.${clean.size > 1 ? " Choose between them by what a bounce costs." : ""}`,
    );
  const broken = usable.filter((group) => measuredVerdict(group) === "invalid");
  if (broken.length > 0)
    said.push(
      `Did not keep what is expected of it, so choose it only after reading why below: ${formatList(broken.map((group) => `${group.topology} (${bounceLabel(group.bounce)})`))}.`,
    );
  for (const bounce of new Set(usable.map((group) => group.bounce))) {
    if (bounce === STEADY) continue;
    // What loses events undisturbed is out already; without a steady-state run everything stays in.
    const here = usable.filter(
      (group) => group.bounce === bounce && !lossy.some((other) => other.topology === group.topology),
    );
    const label = bounce === OUTAGE ? `${bounce} (which only topologies with Realtime have)` : bounce;
    said.push(...rankings(here), ...needs(here, label));
  }
  const losesUndisturbed = (group: RunGroup): boolean =>
    lossy.some(({ topology }) => topology === group.topology);
  said.push(...realtimeFits(usable.filter((group) => isDirect(group) || !losesUndisturbed(group))));
  return said;
};
