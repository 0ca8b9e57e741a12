/**
 * The README's result table: one row per topology, generated so that it cannot drift from the
 * results.
 */
import { killedLegend } from "../summary/killed-share.ts";
import { markdownTable } from "markdown-table";
import type { RunResult } from "../../checker/run-result.ts";
import {
  capitalise,
  DASH,
  escapeMarkdown,
  formatCount,
  formatCpus,
  formatMs,
  formatNumberOf,
  formatPercent,
} from "../format.ts";
import { BOUNCE_NAMES, STEADY } from "../glossary.ts";
import type { ComparisonColumn } from "./comparison-columns.ts";
import { deployColumns, hasHeadline, noteOf, STEADY_COLUMNS } from "./headline-columns.ts";
import { interruption, missingRuns } from "../summary/missing-runs.ts";
import {
  type RunGroup,
  bounceLabel,
  groupFigure,
  groupRuns,
  measuredVerdict,
  runsNote,
} from "../summary/run-group.ts";
import { clientModels, standInSentence, topologyLabel } from "../realtime-implementation-note.ts";
import type { Summary } from "../summary/summary.ts";

const startOf = (part: string): string => `<!-- ${part}:start -->`;
const endOf = (part: string): string => `<!-- ${part}:end -->`;
const PART = "result-table";
export const START_MARKER = startOf(PART);
export const END_MARKER = endOf(PART);

interface Column {
  heading: string;
  bounce: RunResult["bounce"];
  cell: (group: RunGroup) => string;
}

/** The first column of a bounce says whether to trust its figures, and of how many runs. */
const trusted =
  (cell: (group: RunGroup) => string) =>
  (group: RunGroup): string => {
    const verdict = measuredVerdict(group);
    return cell(group) + (verdict === "valid" ? "" : ` (${verdict})`) + runsNote(group);
  };

const columnsFor = (bounce: RunResult["bounce"], isNew: boolean): Column[] => {
  const cells = isNew ? headlineCells(bounce) : olderCells(bounce);
  return cells.map(([heading, cell], index) => ({
    heading: index === 0 ? `${bounceLabel(bounce)}: ${heading}` : heading,
    bounce,
    cell: index === 0 ? trusted(cell) : cell,
  }));
};

type Cell = [heading: string, cell: (group: RunGroup) => string];

const cellIn = (columns: readonly ComparisonColumn[], heading: string): Cell => [
  heading,
  columns.find((column) => column.heading === heading)?.cell ?? (() => DASH),
];

const headlineCells = (bounce: RunResult["bounce"]): Cell[] =>
  bounce === STEADY
    ? ["lost per stream-hour", "delivery p99"].map((heading) => cellIn(STEADY_COLUMNS, heading))
    : ["dark", "pipelines killed", "away p99"].map((heading) => cellIn(deployColumns(), heading));

const olderCells = (bounce: RunResult["bounce"]): Cell[] => [
  ["lost", (group) => groupFigure(group, (run) => run.lossRatio, formatPercent)],
  ...(bounce === STEADY
    ? [
        [
          "p99 latency",
          (group) => groupFigure(group, (run) => run.latencyMs?.p99 ?? null, formatMs),
        ] satisfies Cell,
      ]
    : ([
        ["missed", (group) => groupFigure(group, (run) => run.missedRatio, formatPercent)],
        ["stuck streams", (group) => groupFigure(group, (run) => run.stuckStreams)],
      ] satisfies Cell[])),
];

const readmeLegend = (runs: readonly RunResult[]): string =>
  " Dark: seconds of events that a stream loses though its pipeline lives on. Killed: " +
  `${killedLegend(runs)}. Away: how long streams are. In brackets: the 95 % interval of the mean.`;

/** What a row invites to conclude wrongly, one sentence each. */
const notes = (groups: readonly RunGroup[]): string =>
  groups
    .filter((group) => noteOf(group) !== "")
    .map(
      (group) =>
        ` ${escapeMarkdown(`${group.topology}, ${bounceLabel(group.bounce)}: ${noteOf(group)}.`)}`,
    )
    .join("");

/** The table with its load as caption. */
export const renderReadmeTable = (summary: Summary): string => {
  const groups = groupRuns(summary.runs);
  // A topology or bounce without any run stays visible, as not measured.
  const planned = groups.length === 0 ? [] : [...groups, ...missingRuns(summary)];
  const topologies = [...new Set(planned.map((run) => run.topology))];
  const bounces = BOUNCE_NAMES.filter((bounce) => planned.some((run) => run.bounce === bounce));
  const isNew = hasHeadline(groups);
  const columns = bounces.flatMap((bounce) => columnsFor(bounce, isNew));
  const runsOf = (topology: string): RunResult[] =>
    summary.runs.filter((run) => run.topology === topology);
  const rows = topologies.map((topology) => [
    escapeMarkdown(topologyLabel({ topology, runs: runsOf(topology) })),
    ...columns.map((column) => {
      const group = groups.find(
        (each) => each.topology === topology && each.bounce === column.bounce,
      );
      if (!group) return "not measured";
      return column.cell(group);
    }),
  ]);
  const { scenario, host } = summary;
  const table =
    rows.length === 0
      ? "Nothing was measured yet."
      : markdownTable([["topology", ...columns.map((column) => column.heading)], ...rows], {
          align: ["l", ...columns.map(() => "r")],
        });
  const caption =
    `${formatNumberOf(scenario.sessions, "session")}, each ` +
    `${formatCount(scenario.eventsPerSecond)} events/s for ` +
    `${formatCount(scenario.durationS)} s, ${formatNumberOf(scenario.repeat, "repeat")}, ` +
    `client model ${clientModels(summary, (model) => model)}, seed ${summary.seed}, platform ` +
    `${escapeMarkdown(summary.platform)}, ${formatCpus(host.cpus)}, measured ` +
    `${summary.startedAt.slice(0, 10)}.`;
  const standIn = standInSentence(groups);
  const named = standIn === null ? "" : ` ${escapeMarkdown(standIn)}`;
  const interrupted = interruption(summary);
  const warning =
    interrupted === null
      ? ""
      : ` **${capitalise(interrupted)}: the others are missing from this table.**`;
  const deploys = isNew ? readmeLegend(summary.runs) : "";
  return `${table}\n\n${caption}${deploys}${notes(groups)}${named}${warning}`;
};

/**
 * The page with everything between the two markers replaced.
 * @param part names the markers
 * @throws Error if a marker is missing, occurs twice, or the end comes first.
 */
export const replaceBetweenMarkers = (page: string, text: string, part = PART): string => {
  const [startMarker, endMarker] = [startOf(part), endOf(part)];
  for (const marker of [startMarker, endMarker])
    if (page.split(marker).length !== 2)
      throw new Error(`the page needs the marker ${marker} exactly once`);
  const start = page.indexOf(startMarker) + startMarker.length;
  const end = page.indexOf(endMarker);
  if (end < start) throw new Error(`the page has ${endMarker} before ${startMarker}`);
  return `${page.slice(0, start)}\n\n${text}\n\n${page.slice(end)}`;
};
