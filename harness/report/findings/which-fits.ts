/** Which topology fits which needs, by rules over the measured figures alone. */
import type { RunResult } from "../../checker/run-result.ts";
import { CHANCE_SIGMAS } from "../../checker/thresholds.ts";
import { judgeDifference } from "../summary/difference.ts";
import { conclusive, worst } from "./phrases.ts";
import { formatList, formatNumberOf, formatPercent } from "../format.ts";
import { OUTAGE } from "./realtime-findings.ts";
import { realtimeFits } from "./realtime-fits.ts";
import { STEADY } from "../glossary.ts";
import {
  type RunGroup,
  bounceLabel,
  duringBounce,
  groupFigure,
  groupMedian,
  measuredVerdict,
  ratioSample,
  whenBounced,
} from "../summary/run-group.ts";
import { isDirect } from "../realtime-implementation-note.ts";

/** What "did worse" means. */
export const HOW_JUDGED =
  '"Did worse" excludes chance: the figure lies outside the spread of the repeats or, with a ' +
  "single " +
  `run on a side, beyond ${CHANCE_SIGMAS} binomial standard errors over the sessions.`;

const stuckRatio = (run: RunResult): number =>
  run.sessions > 0 ? run.stuckStreams / run.sessions : 0;

interface Ranking {
  /** The group with the lowest median, and those that differ from it only by chance. */
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

/** One sentence without its full stop; null if there is nothing to choose between. */
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
  const best = formatList(leaders.map(shown));
  if (worse.length === 0) return `${when}, ${noun} differs only by chance between ${best}`;
  const alike = leaders.length > 1 ? ", with no difference beyond chance" : "";
  return `${when}, ${best} ${verb}${alike}; ${formatList(worse.map(shown))} did worse`;
};

/**
 * Three questions with different answers: which topology delivers best, misses least, and leaves
 * fewest streams stuck.
 */
const rankings = (here: readonly RunGroup[]): string[] => {
  const [delivery, missed, stuck] = [
    rank(here, lossRatio),
    rank(here, (run) => run.missedRatio),
    rank(here, stuckRatio),
  ];
  // A reader of the loss alone would overlook better delivery that leaves as many streams stuck.
  const alike = delivery.worse.filter((group) => stuck.leaders.includes(group));
  const inVain =
    alike.length > 0 && delivery.leaders.every((group) => worst(group, stuckRatio) > 0);
  const died = delivery.leaders.some((group) => worst(group, (run) => run.neverPublished) > 0);
  const share = (group: RunGroup): string =>
    `${group.topology} (${groupFigure(group, stuckRatio, formatPercent)})`;
  const why = died ? ", because pipelines die with their instance" : "";
  const caveat = inVain
    ? `. Still, no fewer streams got stuck in ${formatList(delivery.leaders.map(share))} than in ` +
      `${formatList(alike.map(share))}${why}`
    : "";
  const best = rankClause(delivery, lossRatio, [
    "lost the smallest share of published events",
    "the lost share of published events",
  ]);
  return [
    best === null ? null : `${best}${caveat}`,
    rankClause(missed, (run) => run.missedRatio, [
      "missed the fewest events",
      "the share of missed events",
    ]),
    // If no topology did worse here, the sentence on needs says enough.
    stuck.worse.length === 0
      ? null
      : rankClause(stuck, stuckRatio, [
          "left the fewest streams stuck",
          "the share of stuck streams",
        ]),
  ]
    .filter((clause) => clause !== null)
    .map((clause) => `${clause}.`);
};

const lossRatio = (run: RunResult): number => run.lossRatio;

/** The topologies that meet a need without exception: nothing missed, every stream ended. */
const needs = (here: readonly RunGroup[]): string[] => {
  const [first] = here;
  if (first === undefined) return [];
  const during =
    duringBounce(first.bounce) +
    (first.bounce === OUTAGE ? " (which only topologies with Realtime have)" : "");
  const namesOf = (groups: readonly RunGroup[]): string =>
    formatList(groups.map((group) => group.topology));
  const whole = here.filter((group) => worst(group, (run) => run.missedRatio) === 0);
  const finishing = here.filter((group) => worst(group, (run) => run.stuckStreams) === 0);
  if (finishing.length === 0 && whole.length === 0) {
    const fewest = Math.min(...here.map((group) => groupMedian(group, (run) => run.stuckStreams)));
    return [
      `No measured topology fits if nothing may be missed, or no stream may get stuck, ${during}: ` +
        `the best left ${formatNumberOf(fewest, "stream")} stuck.`,
    ];
  }
  return [
    whole.length > 0
      ? `Fits if nothing may be missed ${during}: ${namesOf(whole)}.`
      : `No measured topology fits if nothing may be missed ${during}.`,
    finishing.length > 0
      ? `Fits if no stream may get stuck ${during}: ${namesOf(finishing)}.`
      : `No measured topology fits if no stream may get stuck ${during}.`,
  ];
};

/** The conclusion, one sentence an item. Without trusted figures it says so and chooses nothing. */
export const whichFits = (groups: readonly RunGroup[]): string[] => {
  const usable = conclusive(groups);
  const steady = usable.filter((group) => group.bounce === STEADY);
  if (usable.length === 0)
    return ["No run can be trusted, so these figures do not show which topology fits."];
  const clean = new Set(
    steady.filter((group) => worst(group, (run) => run.lost) === 0).map((group) => group.topology),
  );
  const lossy = steady.filter((group) => !clean.has(group.topology));
  const losesUndisturbed = ({ topology }: RunGroup): boolean =>
    lossy.some((other) => other.topology === topology);
  const said: string[] = [];
  if (steady.length === 0)
    said.push("Steady state was not measured, so losses may not come from the bounce at all.");
  if (clean.size > 0)
    said.push(
      `Lossless in steady state: ${formatList([...clean])}.` +
        (clean.size > 1 ? " Choose between them by what a bounce costs." : ""),
    );
  if (lossy.length > 0) {
    const shares = lossy.map(
      (group) => `${group.topology} (${groupFigure(group, (run) => run.lossRatio, formatPercent)})`,
    );
    said.push(
      "Not fit for live delivery with this number of replicas, because events are lost " +
        `even in steady state: ${formatList(shares)}.`,
    );
  }
  const broken = usable.filter((group) => measuredVerdict(group) === "invalid");
  if (broken.length > 0) {
    const cases = broken.map((group) => `${group.topology} (${bounceLabel(group.bounce)})`);
    said.push(
      `Broke its promise, so read the reasons below before choosing it: ${formatList(cases)}.`,
    );
  }
  for (const bounce of new Set(usable.map((group) => group.bounce))) {
    if (bounce === STEADY) continue;
    // A topology that loses events in steady state is out already; without a steady-state run all
    // stay in.
    const here = usable.filter((group) => group.bounce === bounce && !losesUndisturbed(group));
    said.push(...rankings(here), ...needs(here));
  }
  said.push(...realtimeFits(usable.filter((group) => isDirect(group) || !losesUndisturbed(group))));
  return said;
};
