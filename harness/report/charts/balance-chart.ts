/** Streams per instance before and after a bounce, one row per topology. */
import { CHART_WIDTH } from "./chart-theme.ts";
import type { ChartSpec } from "./render-chart.ts";

export interface InstanceStreams {
  topology: string;
  instance: string;
  when: "before" | "after";
  streams: number;
}

/** Hollow bars are before, full ones after. */
export const balanceChart = (values: readonly InstanceStreams[]): ChartSpec => ({
  data: { values: [...values] },
  facet: {
    row: {
      field: "topology",
      type: "nominal",
      sort: [...new Set(values.map(({ topology }) => topology))],
      header: { title: null, labelAngle: 0, labelOrient: "top", labelAnchor: "start" },
    },
  },
  spec: {
    width: CHART_WIDTH - 44,
    height: 64,
    mark: { type: "bar", stroke: "var(--series-1)", strokeWidth: 1.5 },
    encoding: {
      x: { field: "instance", type: "nominal", axis: { title: null, labelAngle: 0 } },
      xOffset: { field: "when", type: "nominal", sort: ["before", "after"] },
      y: {
        field: "streams",
        type: "quantitative",
        axis: { title: null, tickCount: 3 },
      },
      fill: {
        field: "when",
        type: "nominal",
        sort: ["before", "after"],
        scale: { domain: ["before", "after"], range: ["var(--surface)", "var(--series-1)"] },
      },
    },
  },
});
