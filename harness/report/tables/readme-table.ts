/**
 * The README's result table: one row per topology, generated so that it cannot drift from the
 * results.
 */
import { markdownTable } from "markdown-table";
import type { RunResult } from "../../checker/run-result.ts";
import {
  capitalise,
  escapeMarkdown,
  formatCount,
  formatCpus,
  formatMs,
  formatNumberOf,
  formatPercent,
} from "../format.ts";
import { BOUNCE_NAMES, STEADY } from "../glossary.ts";
import { interruption, missingRuns } from "../summary/missing-runs.ts";
import {
  type RunGroup,
  bounceLabel,
  groupFigure,
  groupRuns,
  measuredVerdict,
} from "../summary/run-group.ts";
import { clientModels, standInSentence, topologyLabel } from "../realtime-implementation-note.ts";
import type { Summary } from "../summary/summary.ts";

export const START_MARKER = "<!-- result-table:start -->";
export const END_MARKER = "<!-- result-table:end -->";

interface Column {
  heading: string;
  bounce: RunResult["bounce"];
  cell: (group: RunGroup) => string;
}

const columnsFor = (bounce: RunResult["bounce"]): Column[] => {
  const label = bounceLabel(bounce);
  // The first column of a bounce shows whether to trust its figures.
  const lost = (group: RunGroup): string => {
    const figure = groupFigure(group, (run) => run.lossRatio, formatPercent);
    const verdict = measuredVerdict(group);
    return verdict === "valid" ? figure : `${figure} (${verdict})`;
  };
  const missed = (group: RunGroup): string =>
    groupFigure(group, (run) => run.missedRatio, formatPercent);
  const stuck = (group: RunGroup): string => groupFigure(group, (run) => run.stuckStreams);
  const p99 = (group: RunGroup): string =>
    groupFigure(group, (run) => run.latencyMs?.p99 ?? null, formatMs);
  return bounce === STEADY
    ? [
        { heading: `${label}: lost`, bounce, cell: lost },
        { heading: "p99 latency", bounce, cell: p99 },
      ]
    : [
        { heading: `${label}: lost`, bounce, cell: lost },
        { heading: "missed", bounce, cell: missed },
        { heading: "stuck streams", bounce, cell: stuck },
      ];
};

/** The table with its load as caption. */
export const renderReadmeTable = (summary: Summary): string => {
  const groups = groupRuns(summary.runs);
  // A topology or bounce without any run stays visible, as not measured.
  const planned = groups.length === 0 ? [] : [...groups, ...missingRuns(summary)];
  const topologies = [...new Set(planned.map((run) => run.topology))];
  const bounces = BOUNCE_NAMES.filter((bounce) => planned.some((run) => run.bounce === bounce));
  const columns = bounces.flatMap(columnsFor);
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
  return `${table}\n\n${caption}${named}${warning}`;
};

/**
 * The README with everything between the two markers replaced.
 * @throws Error if a marker is missing, occurs twice, or the end comes first.
 */
export const replaceBetweenMarkers = (readme: string, table: string): string => {
  for (const marker of [START_MARKER, END_MARKER])
    if (readme.split(marker).length !== 2)
      throw new Error(`the README needs the marker ${marker} exactly once`);
  const start = readme.indexOf(START_MARKER) + START_MARKER.length;
  const end = readme.indexOf(END_MARKER);
  if (end < start) throw new Error(`the README has ${END_MARKER} before ${START_MARKER}`);
  return `${readme.slice(0, start)}\n\n${table}\n\n${readme.slice(end)}`;
};
