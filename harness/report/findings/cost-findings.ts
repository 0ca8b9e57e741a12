/** What the costs mean and how they were read, in sentences. */
import type { RunResult } from "../../checker/run-result.ts";
import { coresOf, isWhole, openStreams, STREAMS } from "../tables/cost-figures.ts";
import { costedGroups, notAccounted } from "../tables/cost-tables.ts";
import type { Figure } from "../summary/figures.ts";
import { formatCores, formatCount } from "../format.ts";
import { SOURCE_GLOSSARY, SOURCE_NAMES, STEADY } from "../glossary.ts";
import { conclusive, names, worst } from "./phrases.ts";
import { rankAll, rankClause } from "./ranking.ts";
import { type RunGroup, groupFigure } from "../summary/run-group.ts";
import { isStandIn, topologyLabel } from "../realtime-implementation-note.ts";

const everyPart = (): boolean => true;

/** The open streams that figures are scaled from: `300`, or `200 to 300` if runs differ. */
export const scaledFrom = (groups: readonly RunGroup[]): string => {
  const streams = costedGroups(groups).flatMap(({ measured }) =>
    measured.map((run) => Math.round(openStreams(run))),
  );
  const ends = new Set([Math.min(...streams), Math.max(...streams)]);
  return [...ends].map(formatCount).join(" to ");
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
    `Steady state only, between two readings while the streams were up. ${scaling} ` +
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
  const standIns = costed.filter(isStandIn);
  const ranked = conclusive(costed).filter((group) => !isStandIn(group));
  const figure: Figure = {
    name: "cores per 1,000 streams",
    of: (run) => {
      const value = coresOf(durationS)(run, everyPart, peersOf(run, ranked));
      return value === null ? null : { value };
    },
    least: { share: 0.1, amount: 0.05 },
    byRatio: true,
    format: formatCores,
  };
  const clauses = rankAll([{ groups: ranked, figure }]).map((ranking) =>
    rankClause(ranking, { least: "used the fewest cores", more: "used more" }),
  );
  const lossy = ranked.filter((group) => worst(group, (run) => run.lost) > 0);
  const unknown = groups.filter((group) => group.bounce === STEADY && !costed.includes(group));
  return [
    ...clauses
      .filter((clause) => clause !== null)
      .map((clause) => `Per 1,000 streams, all components together, ${clause}.`),
    ...(lossy.length > 0 ? [`${names(lossy)} lost events, and so had less to carry.`] : []),
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

/** The runs of the same topology, which show its components. */
const peersOf = (run: RunResult, groups: readonly RunGroup[]): readonly RunResult[] =>
  groups.find(({ measured }) => measured.includes(run))?.measured ?? [run];

/** One line for a terminal: all components' cores by topology. Empty if nothing was read. */
export const coresInShort = (groups: readonly RunGroup[], durationS: number): string[] =>
  costedGroups(groups).map(
    (group) =>
      `${topologyLabel(group)} ` +
      groupFigure(group, (run) => coresOf(durationS)(run, everyPart, group.measured), formatCores),
  );
