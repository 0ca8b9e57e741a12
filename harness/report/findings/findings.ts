/** What the figures mean, in sentences. Topologies are data here: every sentence is decided by what was measured. */
import { formatList } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { groupBy } from "../../../common/portable/group-by.ts";
import { conclusive, countOf, mainCause, names, percentOf, worst } from "./phrases.ts";
import { type RunGroup, shareOfDue, whenBounced } from "../summary/run-group.ts";

/** One sentence for those that lost nothing, one for each that did. */
export const steadyFindings = (groups: readonly RunGroup[]): string[] => {
  const steady = conclusive(groups).filter((group) => group.bounce === STEADY);
  const clean = steady.filter((group) => worst(group, (run) => run.lost) === 0);
  const lossy = steady.filter((group) => !clean.includes(group));
  return [
    ...(clean.length > 0
      ? [`Undisturbed, ${names(clean)} lost nothing of what was due.`]
      : steady.length > 0
        ? ["Undisturbed, every measured topology lost events."]
        : []),
    ...lossy.map(
      (group) =>
        `Undisturbed, ${group.topology} lost ${percentOf(group, (run) => run.lossRatio)} of what was due${mainCause(group)}: no deploy is needed for that.`,
    ),
  ];
};

/** Per bounce: what died pipelines never published, which no way of delivery could have saved. */
export const deathFindings = (groups: readonly RunGroup[]): string[] => {
  const dead = conclusive(groups).filter((group) => worst(group, (run) => run.neverPublished) > 0);
  const share = (group: RunGroup): string =>
    `${percentOf(group, (run) => shareOfDue(run, run.neverPublished))} in ${group.topology}`;
  return groupBy(dead, (group) => group.bounce).map(
    (here) =>
      `${whenBounced(here[0].bounce)}, pipelines died, and no way of delivery can save what they never published; of what was due: ${formatList(here.map(share))}.`,
  );
};

/** Per bounce: whose users were left waiting. The number that matters most to people who watch a pipeline. */
export const stuckFindings = (groups: readonly RunGroup[]): string[] => {
  const usable = conclusive(groups);
  return [...new Set(usable.map((group) => group.bounce))].map((bounce) => {
    const here = usable.filter((group) => group.bounce === bounce);
    const stuck = here.filter((group) => worst(group, (run) => run.stuckStreams) > 0);
    const free = here.filter((group) => !stuck.includes(group));
    const share = (group: RunGroup): string =>
      `${countOf(group, (run) => run.stuckStreams)} of ${countOf(group, (run) => run.sessions)} streams`;
    const when = whenBounced(bounce);
    if (stuck.length === 0) return `${when}, no stream was stuck in ${names(free)}.`;
    const shares = groupBy(stuck, share).map((alike) => `${share(alike[0])} in ${names(alike)}`);
    return `${when}, people were left waiting for an end that never came: ${shares.join("; ")}${free.length > 0 ? `; none in ${names(free)}` : ""}.`;
  });
};

/** Losses that no rule explains: where surprises are. */
export const unexplainedFindings = (groups: readonly RunGroup[]): string[] =>
  conclusive(groups)
    .filter((group) => worst(group, (run) => run.lostByCause.unexplained) > 0)
    .map(
      (group) =>
        `${whenBounced(group.bounce)}, ${countOf(group, (run) => run.lostByCause.unexplained)} losses of ${group.topology} have no known cause: look there first.`,
    );
