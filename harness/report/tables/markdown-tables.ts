/** The tables of report.md. Each is null without rows. */
import { markdownTable } from "markdown-table";
import type { RunResult } from "../../checker/run-result.ts";
import { fullestShare } from "../findings/affinity-findings.ts";
import { DECISIVE_COLUMNS } from "./comparison-columns.ts";
import {
  boundCell,
  deployColumns,
  deployGroups,
  noteOf,
  type Settings,
  STEADY_COLUMNS,
  steadyGroups,
} from "./headline-columns.ts";
import {
  DASH,
  escapeMarkdown,
  formatBytes,
  formatCount,
  formatMs,
  formatPercent,
} from "../format.ts";
import { CAUSE_NAMES, STEADY } from "../glossary.ts";
import { type RunGroup, bounceLabel, groupFigure, runsNote } from "../summary/run-group.ts";
import { isDirect, topologyLabel } from "../realtime-implementation-note.ts";

export interface Column<Row> {
  heading: string;
  cell: (row: Row) => string;
  /** Words stand left, figures right. */
  align?: "l" | "r";
}

/** A GFM table with every cell escaped. Null without rows. */
export const tableOf = <Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): string | null =>
  rows.length === 0
    ? null
    : markdownTable(
        [
          columns.map((column) => column.heading),
          ...rows.map((row) => columns.map((column) => escapeMarkdown(column.cell(row)))),
        ],
        { align: columns.map((column) => column.align ?? "r") },
      );

export const groupColumns: readonly Column<RunGroup>[] = [
  { heading: "topology", align: "l", cell: (group) => topologyLabel(group) + runsNote(group) },
  { heading: "bounce", align: "l", cell: (group) => bounceLabel(group.bounce) },
];

const figureColumn = (
  heading: string,
  figure: (run: RunResult) => number | null,
  format: (value: number | null) => string = formatCount,
): Column<RunGroup> => ({ heading, cell: (group) => groupFigure(group, figure, format) });

/** The most important table of results that are older than the headline. */
export const comparisonTable = (groups: readonly RunGroup[]): string | null =>
  tableOf(groups, DECISIVE_COLUMNS);

const noted = (
  groups: readonly RunGroup[],
  columns: readonly Column<RunGroup>[],
): readonly Column<RunGroup>[] =>
  groups.some((group) => noteOf(group) !== "") ? columns : columns.slice(0, -1);

/** The headline of steady state. */
export const steadyTable = (all: readonly RunGroup[]): string | null => {
  const groups = steadyGroups(all);
  return tableOf(groups, noted(groups, STEADY_COLUMNS));
};

/** The headline of deploys and crashes. */
export const deployTable = (all: readonly RunGroup[], settings: Settings): string | null => {
  const groups = deployGroups(all);
  return tableOf(groups, noted(groups, deployColumns(settings)));
};

/** Streams without their last event, by reason. */
export const stuckTable = (groups: readonly RunGroup[]): string | null =>
  tableOf(
    groups.filter(({ measured }) =>
      measured.some(({ stuck, stuckStreams }) => stuck !== null && stuckStreams > 0),
    ),
    [
      ...groupColumns,
      figureColumn("pipeline died", (run) => run.stuck?.died ?? null),
      figureColumn("last event lost", (run) => run.stuck?.terminalLost ?? null),
      figureColumn("client gave up", (run) => run.stuck?.gaveUp ?? null),
      figureColumn("never started", (run) => run.stuck?.neverStarted ?? null),
      figureColumn("still open", (run) => run.stuck?.open ?? null),
      ...(groups.some(({ runs }) => runs.some(({ withoutLedger }) => withoutLedger !== null))
        ? [figureColumn("not told", (run) => run.stuck?.untold ?? null)]
        : []),
    ],
  );

/** Latency in its parts. A part that the engine's own lag hides is an upper bound. */
export const latencyPartsTable = (groups: readonly RunGroup[]): string | null => {
  const parts = (group: RunGroup): string[] =>
    (["lateness", "delivery", "total"] as const).flatMap((part) =>
      (["p50", "p99"] as const).map((percentile) =>
        boundCell(({ latency }) => latency?.[part] ?? null, percentile)(group),
      ),
    );
  const headings = ["lateness p50", "lateness p99", "delivery p50", "delivery p99"];
  return tableOf(
    groups.filter(({ measured }) => measured.some(({ latency }) => latency !== null)),
    [
      ...groupColumns,
      ...[...headings, "in all p50", "in all p99"].map((heading, index) => ({
        heading,
        cell: (group: RunGroup) => parts(group)[index] ?? DASH,
      })),
      figureColumn("engine lag p99", (run) => run.load.engineLagMs?.p99 ?? null, formatMs),
      figureColumn("replayed after, p99", (run) => run.recoveredDelayMs?.p99 ?? null, formatMs),
    ],
  );
};

/** The outcomes of all due pairs, as counts. */
export const outcomesTable = (groups: readonly RunGroup[]): string | null =>
  tableOf(groups, [
    ...groupColumns,
    figureColumn("sessions", (run) => run.sessions),
    figureColumn("due", (run) => run.due),
    figureColumn("delivered", (run) => run.delivered),
    figureColumn("recovered", (run) => run.recovered),
    figureColumn("lost", (run) => run.lost),
    figureColumn("never published", (run) => run.neverPublished),
    ...(groups.some(({ runs }) => runs.some(({ withoutLedger }) => withoutLedger !== null))
      ? [figureColumn("missed", (run) => run.missed)]
      : []),
    figureColumn("indeterminate", (run) => run.indeterminate),
    figureColumn("duplicated", (run) => run.duplicated),
    figureColumn("reordered", (run) => run.reordered),
    figureColumn("unexpected", (run) => run.unexpected),
  ]);

/** Rows with a loss; columns for the causes that occurred and for `unexplained`. */
export const causesTable = (groups: readonly RunGroup[]): string | null => {
  const occurs = (group: RunGroup, cause: (typeof CAUSE_NAMES)[number]): boolean =>
    group.measured.some((run) => run.lostByCause[cause] > 0);
  const rows = groups.filter((group) => CAUSE_NAMES.some((cause) => occurs(group, cause)));
  const causes = CAUSE_NAMES.filter(
    (cause) => cause === "unexplained" || rows.some((group) => occurs(group, cause)),
  );
  return tableOf(rows, [
    ...groupColumns,
    ...causes.map((cause) => figureColumn(cause, (run) => run.lostByCause[cause])),
  ]);
};

/** Groups whose pipelines had gates. */
export const gatesTable = (groups: readonly RunGroup[]): string | null =>
  tableOf(
    groups.filter((group) =>
      group.measured.some((run) => Object.values(run.gates).some((n) => n > 0)),
    ),
    [
      ...groupColumns,
      figureColumn("offered", (run) => run.gates.offered),
      figureColumn("answered", (run) => run.gates.answered),
      figureColumn("reached the pipeline", (run) => run.gates.reachedPipeline),
      figureColumn("stalled", (run) => run.gates.stalled),
    ],
  );

/** The whole latency distribution of delivered events. */
export const latencyTable = (groups: readonly RunGroup[]): string | null =>
  tableOf(groups, [
    ...groupColumns,
    figureColumn("p50", (run) => run.latencyMs?.p50 ?? null, formatMs),
    figureColumn("p90", (run) => run.latencyMs?.p90 ?? null, formatMs),
    figureColumn("p99", (run) => run.latencyMs?.p99 ?? null, formatMs),
    figureColumn("p99.9", (run) => run.latencyMs?.p999 ?? null, formatMs),
    figureColumn("max", (run) => run.latencyMs?.max ?? null, formatMs),
  ]);

/** Groups with reconnects: how many, the peak rate, and how long streams were away. */
export const reconnectsTable = (groups: readonly RunGroup[]): string | null =>
  tableOf(
    groups.filter(
      (group) => group.bounce !== STEADY || group.measured.some((run) => run.reconnects.count > 0),
    ),
    [
      ...groupColumns,
      figureColumn("reconnects", (run) => run.reconnects.count),
      figureColumn("peak/s", (run) => run.reconnects.peakPerSecond),
      figureColumn("95 % back", (run) => run.reconnects.timeTo95Ms, formatMs),
      figureColumn("100 % back", (run) => run.reconnects.timeTo100Ms, formatMs),
      figureColumn("away p50", (run) => run.reconnects.downtimeMs?.p50 ?? null, formatMs),
      figureColumn("away p99", (run) => run.reconnects.downtimeMs?.p99 ?? null, formatMs),
      figureColumn("away max", (run) => run.reconnects.downtimeMs?.max ?? null, formatMs),
    ],
  );

/**
 * Affinity, and the balance that a bounce leaves: streams per instance by each session's first
 * connection (before the bounce) and its last (after it). Streams from the broker itself belong to
 * no instance.
 */
export const affinityTable = (all: readonly RunGroup[]): string | null => {
  const groups = all.filter((group) => !isDirect(group));
  const instancesOf = (group: RunGroup): string[] =>
    group.measured.flatMap((run) => Object.keys(run.sessionsPerInstance));
  const instances = [...new Set(groups.flatMap(instancesOf))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  const cell = (group: RunGroup, instance: string): string => {
    if (!instancesOf(group).includes(instance)) return DASH;
    const first = groupFigure(group, (run) => run.sessionsPerInstance[instance]?.first ?? 0);
    const last = groupFigure(group, (run) => run.sessionsPerInstance[instance]?.last ?? 0);
    return `${first} → ${last}`;
  };
  const fullest = (group: RunGroup, end: "first" | "last"): string =>
    groupFigure(group, (run) => fullestShare(run, end), formatPercent);
  return tableOf(groups, [
    ...groupColumns,
    figureColumn("affinity hit rate", (run) => run.affinity.hitRatio, formatPercent),
    figureColumn("misroutes", (run) => run.affinity.misroutes),
    ...instances.map((instance) => ({
      heading: escapeMarkdown(instance),
      cell: (group: RunGroup) => cell(group, instance),
    })),
    {
      heading: "on the fullest",
      cell: (group) => `${fullest(group, "first")} → ${fullest(group, "last")}`,
    },
  ]);
};

/** Every bounce, run by run: these are events, so no medians. */
export const bouncesTable = (runs: readonly RunResult[]): string | null =>
  tableOf(
    runs.flatMap((run) => run.bounces.map((bounce) => ({ run, bounce }))),
    [
      { heading: "topology", align: "l", cell: ({ run }) => run.topology },
      { heading: "repeat", cell: ({ run }) => formatCount(run.repeat) },
      { heading: "bounce", align: "l", cell: ({ bounce }) => bounce.kind },
      { heading: "target", align: "l", cell: ({ bounce }) => bounce.target },
      { heading: "started", cell: ({ bounce }) => formatMs(bounce.startedMs) },
      { heading: "ended", cell: ({ bounce }) => formatMs(bounce.endedMs) },
      { heading: "open streams", cell: ({ bounce }) => formatCount(bounce.open) },
      { heading: "cut", cell: ({ bounce }) => formatCount(bounce.cut) },
      { heading: "lost", cell: ({ bounce }) => formatCount(bounce.lost) },
      { heading: "reconnects", cell: ({ bounce }) => formatCount(bounce.reconnects) },
    ],
  );

/** What the load generator reports about itself. */
export const loadTable = (groups: readonly RunGroup[]): string | null =>
  tableOf(groups, [
    ...groupColumns,
    figureColumn("offered events/s", (run) => run.load.offeredEventsPerSecond),
    figureColumn("achieved events/s", (run) => run.load.achievedEventsPerSecond),
    figureColumn("engine lag p99", (run) => run.load.engineLagMs?.p99 ?? null, formatMs),
    figureColumn("engine lag max", (run) => run.load.engineLagMs?.max ?? null, formatMs),
    figureColumn(
      "CPU",
      (run) => run.load.cpuSeconds,
      (value) => (value === null ? DASH : `${formatCount(value)} s`),
    ),
    figureColumn("memory", (run) => run.load.rssBytes, formatBytes),
  ]);
