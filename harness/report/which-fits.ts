/** Which of the measured topologies fits whose needs, by rules over the measured figures alone. */
import type { RunResult } from "../checker/run-result.ts";
import { judgeDifference } from "./difference.ts";
import { conclusive, worst } from "./findings.ts";
import { formatCount, formatList, formatPercent } from "./format.ts";
import { STEADY } from "./glossary.ts";
import {
  type RunGroup,
  bounceLabel,
  groupFigure,
  groupSpread,
  measuredVerdict,
  whenBounced,
} from "./run-group.ts";

const ratioSample = (group: RunGroup, figure: (run: RunResult) => number) => ({
  values: group.measured.map(figure),
  trials: Math.min(...group.measured.map((run) => run.sessions)),
});

const medianOf = (group: RunGroup, figure: (run: RunResult) => number): number =>
  groupSpread(group, figure)?.median ?? 0;

const stuckRatio = (run: RunResult): number => (run.sessions > 0 ? run.stuckStreams / run.sessions : 0);

/** The group with the lowest median, and those that cannot be told from it. */
const best = (groups: readonly RunGroup[], figure: (run: RunResult) => number) => {
  const sorted = [...groups].sort((a, b) => medianOf(a, figure) - medianOf(b, figure));
  const [first, ...rest] = sorted;
  if (!first) return null;
  const judged = rest.map((group) => ({
    group,
    difference: judgeDifference(ratioSample(first, figure), ratioSample(group, figure)),
  }));
  return {
    first,
    equal: judged.filter(({ difference }) => difference.direction !== "higher"),
    worse: judged.filter(({ difference }) => difference.direction === "higher"),
  };
};

const rank = (
  groups: readonly RunGroup[],
  figure: (run: RunResult) => number,
  verb: string,
  noun: string,
): string[] => {
  const ranked = best(groups, figure);
  if (!ranked || groups.length < 2) return [];
  const { first, equal, worse } = ranked;
  const where = whenBounced(first.bounce);
  const shown = (group: RunGroup): string =>
    `${group.topology} (${groupFigure(group, figure, formatPercent)})`;
  const leaders = [first, ...equal.map(({ group }) => group)];
  const how = (equal[0] ?? worse[0])?.difference.how ?? "";
  if (worse.length === 0)
    return [`${where}, the ${noun} do not tell ${formatList(leaders.map(shown))} apart (${how}).`];
  const rest = worse.map(({ group }) => shown(group));
  return leaders.length === 1
    ? [`${where}, ${shown(first)} ${verb}; ${formatList(rest)} did worse (${how}).`]
    : [
        `${where}, ${formatList(leaders.map(shown))} ${verb} and cannot be told apart (${how}); ${formatList(rest)} did worse.`,
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
      `Fit as long as nothing is deployed and nothing crashes while people are connected: ${formatList([...clean])}. Choose between them by what a bounce costs.`,
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
    const label = bounceLabel(bounce);
    said.push(
      ...rank(here, (run) => run.missedRatio, "missed the fewest events", "missed events"),
      ...rank(here, stuckRatio, "left the fewest streams stuck", "stuck streams"),
    );
    const whole = here.filter(
      (group) => worst(group, (run) => run.due - run.delivered - run.recovered) === 0,
    );
    if (whole.length > 0)
      said.push(
        `Fit where nothing may be missed across ${label}: ${formatList(whole.map((group) => group.topology))}.`,
      );
    else if (here.length > 0)
      said.push(`Where nothing may be missed across ${label}, no measured topology fits.`);
    const finishing = here.filter((group) => worst(group, (run) => run.stuckStreams) === 0);
    if (finishing.length === 0 && here.length > 0)
      said.push(
        `Where every stream has to reach its end across ${label}, no measured topology fits: the best left ${formatCount(Math.min(...here.map((group) => medianOf(group, (run) => run.stuckStreams))))} stuck.`,
      );
    else if (finishing.length > whole.length)
      said.push(
        `Every stream reached its end across ${label} in ${formatList(finishing.map((group) => group.topology))}.`,
      );
  }
  return said;
};
