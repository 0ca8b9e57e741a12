/** How streams were cut, and how their clients came back, one row per topology. */
import type { RunSeries } from "../../checker/run-series.ts";
import { CHART_WIDTH } from "./chart-theme.ts";
import type { ChartSpec } from "./render-chart.ts";
import { timePoints } from "./series-points.ts";

export interface StormRun {
  series: RunSeries;
  /** Start of the first bounce, seconds since the load began. */
  fromS: number;
}

const MOST_POINTS = 120;

/** Cuts (area) show the drain: a ramp or a cliff. Attempts (line) show the storm. */
export const stormChart = (runs: readonly StormRun[]): ChartSpec => {
  const points = runs.map(({ series, fromS }) => {
    const fromStep = Math.max(0, Math.floor((fromS * 1000) / series.stepMs));
    return timePoints(series, MOST_POINTS, fromStep).map(({ atS, cuts, attempts }) => ({
      topology: series.topology,
      atS: atS - (fromStep * series.stepMs) / 1000,
      cuts,
      attempts,
    }));
  });
  // What follows the last attempt of all is empty.
  const lastS = Math.max(
    1,
    ...points.flat().map(({ atS, cuts, attempts }) => (cuts + attempts > 0 ? atS : 0)),
  );
  const values = points.flat().filter(({ atS }) => atS <= lastS + 0.5);
  const x = {
    field: "atS",
    type: "quantitative",
    scale: { domainMin: 0, nice: false },
    axis: { title: "seconds since the first bounce began", grid: false },
  } as const;
  const y = (field: string) =>
    ({ field, type: "quantitative", axis: { title: null, tickCount: 2 } }) as const;
  const layer: ChartSpec[] = [
    {
      mark: { type: "area", interpolate: "step", color: "var(--series-2)", fillOpacity: 0.35 },
      encoding: { x, y: y("cuts") },
    },
    {
      mark: { type: "line", interpolate: "step", color: "var(--series-1)", strokeWidth: 1.5 },
      encoding: { x, y: y("attempts") },
    },
  ];
  return {
    data: { values },
    facet: {
      row: {
        field: "topology",
        type: "nominal",
        sort: [...new Set(runs.map(({ series }) => series.topology))],
        header: { title: null, labelAngle: 0, labelOrient: "top", labelAnchor: "start" },
      },
    },
    spec: { width: CHART_WIDTH - 44, height: 56, layer },
  };
};
