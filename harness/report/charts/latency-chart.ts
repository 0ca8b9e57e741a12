/** Delivery times of several topologies, overlaid on an axis of percentiles. */
import type { RunSeries } from "../../checker/run-series.ts";
import { CHART_WIDTH } from "./chart-theme.ts";
import type { ChartSpec } from "./render-chart.ts";
import { type TopologyScale, topologyEncoding } from "./topology-scale.ts";

/** Each nine more is as wide as the one before. */
const place = (share: number): number => -Math.log10(1 - share);

/** One line per run; the largest delay has no place on the axis, so the table has it. */
export const latencyChart = (runs: readonly RunSeries[], topologies: TopologyScale): ChartSpec => ({
  width: CHART_WIDTH - 44,
  height: 200,
  data: {
    values: runs.flatMap(({ topology, repeat, delivery }) =>
      delivery
        .filter(({ share, ms }) => share < 1 && ms > 0)
        .map(({ share, ms }) => ({ topology, repeat, at: place(share), ms })),
    ),
  },
  mark: { type: "line", strokeWidth: 2, interpolate: "monotone" },
  encoding: {
    x: {
      field: "at",
      type: "quantitative",
      scale: { domain: [0, 4], nice: false },
      axis: {
        title: "share of delivered events",
        values: [0, 1, 2, 3, 4],
        labelExpr:
          "datum.value === 0 ? 'p0' : datum.value === 1 ? 'p90' : datum.value === 2 ? 'p99' : " +
          "datum.value === 3 ? 'p99.9' : 'p99.99'",
      },
    },
    y: {
      field: "ms",
      type: "quantitative",
      scale: { type: "log", nice: true },
      axis: { title: null, format: "~g", labelExpr: "datum.label + ' ms'", tickCount: 5 },
    },
    detail: { field: "repeat", type: "nominal" },
    ...topologyEncoding(topologies),
  },
});
