/** What every topology survives: one row for each topology and bounce, and a sentence for each. */
import type { RunResult } from "../../checker/run-result.ts";
import { capitalise, DASH, formatCount, formatList, formatMs } from "../format.ts";
import { STEADY } from "../glossary.ts";
import {
  type RunGroup,
  bounceLabel,
  groupFigure,
  groupRuns,
  groupVerdict,
} from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";
import { type Column, groupColumns, tableOf } from "./markdown-tables.ts";

/** From so many kinds of bounces on, a report begins with what survives what. */
const MANY_BOUNCES = 5;

const countOf = (heading: string, figure: (run: RunResult) => number): Column<RunGroup> => ({
  heading,
  cell: (group) => groupFigure(group, figure),
});

/** The cause of most losses, and of what was never published if nothing was lost. */
function dominantCause({ measured }: RunGroup): string {
  const sums = new Map<string, number>();
  for (const { lostByCause } of measured)
    for (const [cause, lost] of Object.entries(lostByCause))
      sums.set(cause, (sums.get(cause) ?? 0) + lost);
  const [most] = [...sums].sort(([, a], [, b]) => b - a);
  if (most !== undefined && most[1] > 0) return most[0];
  return measured.some(({ neverPublished }) => neverPublished > 0) ? "pipeline died" : DASH;
}

/** `never` if a cut client had no stream again. */
function allBack({ measured }: RunGroup): string {
  const cut = measured.filter(({ deploy }) => (deploy?.away.cut ?? 0) > 0);
  if (cut.length === 0) return DASH;
  const times = cut.map(({ reconnects }) => reconnects.timeTo100Ms);
  return times.includes(null) ? "never" : formatMs(Math.max(...times.map((ms) => ms ?? 0)));
}

const COLUMNS: readonly Column<RunGroup>[] = [
  ...groupColumns,
  { heading: "verdict", align: "l", cell: groupVerdict },
  countOf("lost", ({ lost }) => lost),
  countOf("never published", ({ neverPublished }) => neverPublished),
  countOf("stuck", ({ stuckStreams }) => stuckStreams),
  countOf("twice", ({ duplicated }) => duplicated),
  { heading: "all back", cell: allBack },
  { heading: "cause", align: "l", cell: dominantCause },
];

/** Null if the summary has too few kinds of bounces for it. */
export function faultTable(summary: Summary): string | null {
  const bounces = new Set(summary.runs.map(({ bounce }) => bounce));
  return bounces.size < MANY_BOUNCES ? null : tableOf(groupRuns(inOrder(summary)), COLUMNS);
}

export const FAULT_LEGEND =
  "Lost: events that were published and never arrived. Never published: the pipeline died first. " +
  "Stuck: streams without their last event. Twice: events that arrived more than once. All back: " +
  "from the start of the bounce that cut a stream until the last one was connected again.";

const inOrder = ({ scenario: { topologies, bounces }, runs }: Summary): RunResult[] => {
  const place = ({ topology, bounce }: RunResult): number =>
    topologies.indexOf(topology) * bounces.length + bounces.indexOf(bounce);
  return [...runs].sort((a, b) => place(a) - place(b) || a.repeat - b.repeat);
};

/** One sentence for each topology. */
export function faultSentences(summary: Summary): string[] {
  if (faultTable(summary) === null) return [];
  const groups = groupRuns(inOrder(summary));
  return [...new Set(groups.map(({ topology }) => topology))].map((topology) => {
    const own = groups.filter((group) => group.topology === topology && group.trusted);
    const unknown = groups.filter((group) => group.topology === topology && !group.trusted);
    const [steady] = own.filter(({ bounce }) => bounce === STEADY);
    const bounced = own.filter(({ bounce }) => bounce !== STEADY);
    const survived = bounced.filter((group) => group.measured.every(isWhole));
    const lost = bounced.filter((group) => !survived.includes(group));
    const parts = [
      survived.length === 0
        ? "survives no bounce without a loss"
        : `loses nothing and leaves no stream stuck with ${named(survived)}`,
      ...(lost.length === 0 ? [] : [`loses events or leaves streams stuck with ${named(lost)}`]),
      ...(steady && !steady.measured.every(isWhole) ? ["loses events without any bounce"] : []),
      ...(unknown.length === 0 ? [] : [`cannot be judged with ${named(unknown)}`]),
    ];
    return `${capitalise(topology)} ${parts.join("; it ")}.`;
  });
}

const named = (groups: readonly RunGroup[]): string =>
  `${formatList(groups.map(({ bounce }) => bounceLabel(bounce)))} (${formatCount(groups.length)})`;

const isWhole = ({ lost, neverPublished, stuckStreams }: RunResult): boolean =>
  lost === 0 && neverPublished === 0 && stuckStreams === 0;
