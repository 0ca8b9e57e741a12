/**
 * What the figures mean, in sentences. Topologies are data: the figures alone decide every
 * sentence.
 */
import { groupBy } from "../../../common/portable/group-by.ts";
import { formatList } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { type RunGroup, shareOfDue, whenBounced } from "../summary/run-group.ts";
import {
  conclusive,
  countOf,
  losslessNames,
  mainCause,
  names,
  percentOf,
  worst,
} from "./phrases.ts";

/** One sentence for the lossless topologies, one for each other. */
export const steadyFindings = (groups: readonly RunGroup[]): string[] => {
  const steady = conclusive(groups).filter((group) => group.bounce === STEADY);
  const clean = steady.filter((group) => worst(group, (run) => run.lost) === 0);
  const lossy = steady.filter((group) => !clean.includes(group));
  return [
    ...(clean.length > 0
      ? [`In steady state, ${losslessNames(clean)} lost nothing.`]
      : steady.length > 0
        ? ["In steady state, every measured topology lost events."]
        : []),
    ...lossy.map(
      (group) =>
        `In steady state, without any deploy, ${group.topology} lost ` +
        `${percentOf(group, (run) => run.lossRatio)} of published events${mainCause(group)}.`,
    ),
  ];
};

/** Per bounce: what dead pipelines never published. No topology could have delivered that. */
export const deathFindings = (groups: readonly RunGroup[]): string[] => {
  const dead = conclusive(groups).filter((group) => worst(group, (run) => run.neverPublished) > 0);
  const share = (group: RunGroup): string =>
    `${percentOf(group, (run) => shareOfDue(run, run.neverPublished))} in ${group.topology}`;
  return groupBy(dead, (group) => group.bounce).map(
    (here) =>
      `${whenBounced(here[0].bounce)}, pipelines died with their instance, so no topology ` +
      "can deliver " +
      `their remaining events. Share of due events never published: ${formatList(here.map(share))}.`,
  );
};

/** Per bounce: the streams whose users wait for an end that never comes. */
export const stuckFindings = (groups: readonly RunGroup[]): string[] => {
  const usable = conclusive(groups);
  return [...new Set(usable.map((group) => group.bounce))].map((bounce) => {
    const here = usable.filter((group) => group.bounce === bounce);
    const stuck = here.filter((group) => worst(group, (run) => run.stuckStreams) > 0);
    const free = here.filter((group) => !stuck.includes(group));
    const share = (group: RunGroup): string =>
      `${countOf(group, (run) => run.stuckStreams)} of ${countOf(group, (run) => run.sessions)}`;
    const when = whenBounced(bounce);
    if (stuck.length === 0) return `${when}, no stream got stuck in ${names(free)}.`;
    const shares = groupBy(stuck, share).map((alike) => `${share(alike[0])} in ${names(alike)}`);
    const none = free.length > 0 ? `; none in ${names(free)}` : "";
    return `${when}, users were left waiting on stuck streams: ${shares.join("; ")}${none}.`;
  });
};

/** Losses that no rule explains. */
export const unexplainedFindings = (groups: readonly RunGroup[]): string[] =>
  conclusive(groups)
    .filter((group) => worst(group, (run) => run.lostByCause.unexplained) > 0)
    .map(
      (group) =>
        `${whenBounced(group.bounce)}, ` +
        `${countOf(group, (run) => run.lostByCause.unexplained)} losses of ` +
        `${group.topology} have no known cause: investigate these first.`,
    );
