/** Which topology fits which needs, by rules over the measured figures alone. */
import { groupBy } from "../../../common/portable/group-by.ts";
import { formatList, formatNumberOf, formatPercent } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { isDirect } from "../realtime-implementation-note.ts";
import {
  DARK,
  figureMean,
  KILLED,
  LOST,
  MISSED,
  RANKED,
  RANKED_IN_OLDER,
  STUCK,
  STUCK_LIVED_ON,
} from "../summary/figures.ts";
import {
  bounceLabel,
  duringBounce,
  groupFigure,
  groupMean,
  measuredVerdict,
  type RunGroup,
  whenBounced,
} from "../summary/run-group.ts";
import { conclusive, losslessNames, worst } from "./phrases.ts";
import { rankAll, rankClause } from "./ranking.ts";
import { OUTAGE } from "./realtime-findings.ts";
import { withoutLedgerSentences } from "../without-ledger/sentences.ts";
import { realtimeFits } from "./realtime-fits.ts";

/** What the rankings mean. */
export const HOW_JUDGED =
  "A topology is worse only if the difference exceeds what counts and what chance explains. All " +
  "pairs of this section are judged together: at most 5 % of such sections show a difference " +
  "that is none. In brackets: the 95 % interval of the mean, or the single values of fewer " +
  "than three runs.";

/** How the sentence of each figure ends. */
const WORDS = new Map([
  [DARK, { least: "lost the fewest seconds of events per stream whose pipeline lived on" }],
  [KILLED, { least: "killed the smallest share of pipelines that it could kill" }],
  [STUCK_LIVED_ON, { least: "left the fewest streams stuck whose pipeline lived on" }],
  [LOST, { least: "lost the smallest share of published events" }],
  [MISSED, { least: "missed the fewest events" }],
  [STUCK, { least: "left the fewest streams stuck" }],
]);

/** Questions with different answers: what delivers best, what kills least, what ends streams. */
const rankings = (byBounce: readonly (readonly RunGroup[])[]): Map<string, string[]> => {
  const asked = byBounce.flatMap((here) => {
    const isOld = here.every(({ measured }) => measured.every(({ deploy }) => deploy === null));
    return (isOld ? RANKED_IN_OLDER : RANKED).map((figure) => ({ groups: here, figure }));
  });
  const said = new Map<string, string[]>();
  for (const ranking of rankAll(asked)) {
    const bounce = ranking.first?.bounce;
    // All alike at 0: the sentence on needs says enough.
    const told = ranking.groups.some((group) => figureMean(group, ranking.figure) > 0);
    const { least } = WORDS.get(ranking.figure) ?? { least: "had least" };
    const clause = rankClause(ranking, { least, more: "did worse" });
    if (bounce === undefined || clause === null || !told) continue;
    said.set(bounce, [...(said.get(bounce) ?? []), `${whenBounced(bounce)}, ${clause}.`]);
  }
  return said;
};

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
    const fewest = Math.min(...here.map((group) => groupMean(group, (run) => run.stuckStreams)));
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
  const untold = withoutLedgerSentences(groups);
  if (untold.length > 0) return untold;
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
      `Lossless in steady state: ${losslessNames(steady.filter(({ topology }) => clean.has(topology)))}.` +
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
  // A topology that loses events in steady state is out already; without a steady-state run all
  // stay in.
  const byBounce = groupBy(
    usable.filter((group) => group.bounce !== STEADY && !losesUndisturbed(group)),
    ({ bounce }) => bounce,
  );
  const ranked = rankings(byBounce);
  for (const here of byBounce) said.push(...(ranked.get(here[0].bounce) ?? []), ...needs(here));
  said.push(...realtimeFits(usable.filter((group) => isDirect(group) || !losesUndisturbed(group))));
  return said;
};
