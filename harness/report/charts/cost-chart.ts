/** What one deploy costs, by topology: the page's first chart. */
import type { ChartSpec } from "./render-chart.ts";

export interface CostRow {
  topology: string;
  /** Null: not measured, or events are lost without any deploy. */
  value: number | null;
  low: number | null;
  high: number | null;
  /** The figure as words, beside its bar. */
  label: string;
}

export interface CostPanel {
  title: string;
  rows: readonly CostRow[];
  /** Of numbers on the axis, in d3's notation. */
  format: string;
}

const panel = ({ title, rows, format }: CostPanel, width: number): ChartSpec => {
  const most = Math.max(0, ...rows.map(({ value, high }) => high ?? value ?? 0));
  // Room for the words beside the longest bar.
  const domain = [0, most === 0 ? 1 : most * 1.6];
  const y = {
    field: "topology",
    type: "nominal",
    sort: null,
    axis: { title: null, ticks: false, domain: false, labelColor: "var(--text)", labelLimit: 150 },
  } as const;
  const x = {
    field: "value",
    type: "quantitative",
    scale: { domain, nice: false },
    axis: { title: null, format, tickCount: 4 },
  } as const;
  const values = rows.map((row) => ({ ...row, end: row.high ?? row.value ?? 0 }));
  return {
    title,
    width,
    height: { step: 34 },
    data: { values },
    layer: [
      {
        mark: { type: "bar", color: "var(--series-1)", fillOpacity: 0.75, size: 16 },
        encoding: { y, x },
      },
      {
        mark: { type: "rule", color: "var(--text)", strokeWidth: 2 },
        encoding: { y, x: { ...x, field: "low" }, x2: { field: "high" } },
      },
      {
        mark: { type: "text", align: "left", dx: 6 },
        encoding: { y, x: { ...x, field: "end" }, text: { field: "label" } },
      },
    ],
  };
};

/** Panels stand side by side on a desk, and below each other on a phone. */
export const costChart = (panels: readonly CostPanel[], isNarrow: boolean): ChartSpec =>
  isNarrow
    ? { vconcat: panels.map((one) => panel(one, 230)) }
    : { hconcat: panels.map((one) => panel(one, 330)), spacing: 28 };
