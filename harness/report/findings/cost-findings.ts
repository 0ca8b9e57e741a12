/** What the costs mean and how they were read, in sentences. */
import type { RunResult } from "../../checker/run-result.ts";
import { coresOf, isWhole, STREAMS } from "../tables/cost-figures.ts";
import { costedGroups, notAccounted } from "../tables/cost-tables.ts";
import { judgeDifference } from "../summary/difference.ts";
import { formatCores, formatCount, formatList } from "../format.ts";
import { SOURCE_GLOSSARY, SOURCE_NAMES, STEADY } from "../glossary.ts";
import { conclusive, names, percentOf, worst } from "./phrases.ts";
import { type RunGroup, groupFigure, groupMedian } from "../summary/run-group.ts";
import { isStandIn, topologyLabel } from "../realtime-implementation-note.ts";

const everyPart = (): boolean => true;

/** The number of streams that figures are scaled from: `300`, or `200 and 300` if runs differ. */
export const scaledFrom = (groups: readonly RunGroup[]): string => {
  const streams = new Set(
    costedGroups(groups).flatMap((group) => group.measured.map((run) => run.sessions)),
  );
  return formatList([...streams].sort((a, b) => a - b).map(formatCount));
};

/** Where the figures come from, what they include, and how they are scaled. */
export const howCostsWereRead = (groups: readonly RunGroup[]): string => {
  const costed = costedGroups(groups);
  const read = new Set(
    costed.flatMap((group) => group.measured.flatMap((run) => run.costs)).map((c) => c.source),
  );
  const sources = SOURCE_NAMES.filter((source) => read.has(source)).map(
    (source) => `\`${source}\`, ${SOURCE_GLOSSARY[source]}`,
  );
  const from = scaledFrom(groups);
  const scaling =
    from === formatCount(STREAMS)
      ? "Measured at 1,000 streams, so nothing is scaled."
      : `Scaled linearly from ${from} streams: nothing was measured at 1,000. ` +
        "Cores include idle use, so fewer streams make each stream look more expensive.";
  return (
    `Steady state only, over the load of all streams. ${scaling} ` +
    "Memory is the growth under load, at its peak. It includes what the runtime itself takes " +
    "once it works, " +
    "which may dominate with few streams. " +
    `Read from ${sources.join("; and from ")}.${notAccounted(groups)}`
  );
};

/**
 * The cheapest and the most expensive topology by CPU, and the topologies whose cost is unknown.
 */
export const costFindings = (groups: readonly RunGroup[], durationS: number): string[] => {
  const costed = costedGroups(groups);
  if (costed.length === 0) return [];
  const cores = coresOf(durationS);
  const coresIn =
    (group: RunGroup) =>
    (run: RunResult): number | null =>
      cores(run, everyPart, group.measured);
  const totals = (group: RunGroup): number[] =>
    group.measured.flatMap((run) => coresIn(group)(run) ?? []);
  const total = (group: RunGroup): number => groupMedian(group, coresIn(group));
  const shown = (group: RunGroup): string => groupFigure(group, coresIn(group), formatCores);
  const standIns = costed.filter(isStandIn);
  const ranked = conclusive(costed)
    .filter((group) => totals(group).length > 0 && !isStandIn(group))
    .sort((a, b) => total(a) - total(b));
  const [least, most] = [ranked[0], ranked.at(-1)];
  const unknown = groups.filter((group) => group.bounce === STEADY && !costed.includes(group));
  return [
    ...(least && most && least !== most
      ? [
          `Per 1,000 streams, all components together, ${least.topology} used the fewest cores ` +
            `(${shown(least)}${lossOf(least)}) and ${most.topology} the most ` +
            `(${shown(most)}${lossOf(most)}): ` +
            `${judgeDifference({ values: totals(least) }, { values: totals(most) }).how}.`,
        ]
      : []),
    ...(standIns.length > 0
      ? [
          `${names(standIns)} ${standIns.length === 1 ? "is" : "are"} not ranked by cost: ` +
            "a stand-in's costs say nothing about Supabase.",
        ]
      : []),
    ...(unknown.length > 0
      ? [`The cost of ${names(unknown)} is unknown: nothing was read there under load.`]
      : []),
    ...costed.flatMap(saysHoles),
  ];
};

/** In how many runs a component was not read, and what that means. Empty if none is missing. */
const saysHoles = (group: RunGroup): string[] => {
  const runs = group.measured.length;
  const holes = group.measured.filter((run) => !isWhole(run, everyPart, group.measured)).length;
  if (holes === 0) return [];
  const where = runs === 1 ? "" : ` in ${formatCount(holes)} of ${formatCount(runs)} repeats`;
  return [
    holes === runs
      ? `The total cost of ${group.topology} is unknown: a component was not read under ` +
        `load${where}.`
      : `A component of ${group.topology} was not read under load${where}: its costs are ` +
        "those of the other repeats.",
  ];
};

/** A topology may be cheap because it delivers less. */
const lossOf = (group: RunGroup): string =>
  worst(group, (run) => run.lossRatio) > 0
    ? `, with ${percentOf(group, (run) => run.lossRatio)} of published events lost`
    : "";

/** One line for a terminal: all components' cores by topology. Empty if nothing was read. */
export const coresInShort = (groups: readonly RunGroup[], durationS: number): string[] =>
  costedGroups(groups).map(
    (group) =>
      `${topologyLabel(group)} ` +
      groupFigure(group, (run) => coresOf(durationS)(run, everyPart, group.measured), formatCores),
  );
