/** What every section of the page is made from. */
import type { RunResult } from "../../checker/run-result.ts";
import type { RunSeries } from "../../checker/run-series.ts";
import type { DrawChart } from "../charts/render-chart.ts";
import type { TopologyScale } from "../charts/topology-scale.ts";
import { bounceLabel, groupRuns, type RunGroup } from "../summary/run-group.ts";
import type { Manifest } from "../summary/manifest.ts";
import type { Summary } from "../summary/summary.ts";

export interface PageData {
  summary: Summary;
  manifest: Manifest;
  groups: readonly RunGroup[];
  /** In the order of the summary. */
  topologies: TopologyScale;
  draw: DrawChart;
  seriesOf: (run: RunResult) => RunSeries | null;
}

export const pageData = (
  summary: Summary,
  manifest: Manifest,
  series: readonly RunSeries[],
  draw: DrawChart,
): PageData => {
  const key = ({ topology, bounce, repeat }: Pick<RunSeries, "topology" | "bounce" | "repeat">) =>
    JSON.stringify([topology, bounce, repeat]);
  const byRun = new Map(series.map((one) => [key(one), one]));
  return {
    summary,
    manifest,
    groups: groupRuns(summary.runs),
    topologies: [...new Set(summary.runs.map(({ topology }) => topology))],
    draw,
    seriesOf: (run) => byRun.get(key(run)) ?? null,
  };
};

/** Names are data, so a run's place in the summary is its anchor. */
export const anchorOf = ({ runs }: Summary, run: RunResult): string =>
  `run-${runs.indexOf(run) + 1}`;

export const nameOf = ({ topology, bounce, repeat }: RunResult): string =>
  `${topology}, ${bounceLabel(bounce)}, repeat ${repeat}`;

/** Where a figure of a run stands in summary.json. */
export const pathIn =
  ({ runs }: Summary, run: RunResult) =>
  (path: string): string =>
    `runs.${runs.indexOf(run)}.${path}`;

/** The groups by bounce, in the order of the summary. */
export const bouncesOf = (groups: readonly RunGroup[]): RunResult["bounce"][] => [
  ...new Set(groups.map(({ bounce }) => bounce)),
];
