/** The columns of the comparison in report.md and the terminal. One row per topology and bounce. */
import { DASH, formatCount, formatMs, formatPercent } from "../format.ts";
import {
  type RunGroup,
  bounceLabel,
  groupFigure,
  groupVerdict,
  runsNote,
  shareOfDue,
} from "../summary/run-group.ts";
import { isDirect, topologyLabel } from "../realtime-implementation-note.ts";

export interface ComparisonColumn {
  heading: string;
  align: "l" | "r";
  /** A narrow terminal drops the highest first. 0: always shown. */
  dispensable: number;
  cell: (group: RunGroup) => string;
}

export const COMPARISON_COLUMNS: readonly ComparisonColumn[] = [
  {
    heading: "topology",
    align: "l",
    dispensable: 0,
    cell: (group) => topologyLabel(group) + runsNote(group),
  },
  { heading: "bounce", align: "l", dispensable: 0, cell: (group) => bounceLabel(group.bounce) },
  { heading: "verdict", align: "l", dispensable: 0, cell: groupVerdict },
  {
    heading: "due",
    align: "r",
    dispensable: 6,
    cell: (group) => groupFigure(group, (run) => run.due),
  },
  {
    heading: "lost",
    align: "r",
    dispensable: 0,
    cell: (group) => groupFigure(group, (run) => run.lossRatio, formatPercent),
  },
  {
    heading: "never published",
    align: "r",
    dispensable: 5,
    cell: (group) =>
      groupFigure(group, (run) => shareOfDue(run, run.neverPublished), formatPercent),
  },
  {
    heading: "missed",
    align: "r",
    dispensable: 1,
    cell: (group) => groupFigure(group, (run) => run.missedRatio, formatPercent),
  },
  {
    heading: "stuck streams",
    align: "r",
    dispensable: 2,
    cell: (group) => groupFigure(group, (run) => run.stuckStreams),
  },
  {
    heading: "recovered",
    align: "r",
    dispensable: 10,
    cell: (group) => groupFigure(group, (run) => run.recovered),
  },
  {
    heading: "p50",
    align: "r",
    dispensable: 7,
    cell: (group) => groupFigure(group, (run) => run.latencyMs?.p50 ?? null, formatMs),
  },
  {
    heading: "p99",
    align: "r",
    dispensable: 3,
    cell: (group) => groupFigure(group, (run) => run.latencyMs?.p99 ?? null, formatMs),
  },
  {
    heading: "reconnects",
    align: "r",
    dispensable: 8,
    cell: (group) => groupFigure(group, (run) => run.reconnects.count),
  },
  {
    heading: "peak/s",
    align: "r",
    dispensable: 9,
    cell: (group) => groupFigure(group, (run) => run.reconnects.peakPerSecond, formatCount),
  },
  {
    heading: "95 % back",
    align: "r",
    dispensable: 11,
    cell: (group) => groupFigure(group, (run) => run.reconnects.timeTo95Ms, formatMs),
  },
  {
    heading: "100 % back",
    align: "r",
    dispensable: 4,
    cell: (group) => groupFigure(group, (run) => run.reconnects.timeTo100Ms, formatMs),
  },
  {
    heading: "affinity",
    align: "r",
    dispensable: 12,
    // If streams belong to no instance, requests alone would look like full affinity.
    cell: (group) =>
      isDirect(group) ? DASH : groupFigure(group, (run) => run.affinity.hitRatio, formatPercent),
  },
];

/** The columns that decide a choice. The rest is in the report's other tables. */
export const DECISIVE_COLUMNS = COMPARISON_COLUMNS.filter((column) => column.dispensable <= 5);
