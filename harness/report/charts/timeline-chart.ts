/** What happened in one run over time: events, streams, reconnects, losses. */
import type { RunResult } from "../../checker/run-result.ts";
import type { RunSeries } from "../../checker/run-series.ts";
import { CAUSE_NAMES } from "../glossary.ts";
import { CHART_WIDTH } from "./chart-theme.ts";
import type { ChartSpec } from "./render-chart.ts";
import { bounceWindows, type TimePoint, timePoints } from "./series-points.ts";

const MOST_POINTS = 60;

/** The same order of colours in every run, so that a cause keeps its own. */
const CAUSE_COLOURS = CAUSE_NAMES.map((_, index) => `var(--series-${(index % 8) + 1})`);

const shared = (endS: number, isLast: boolean) =>
  ({
    field: "atS",
    type: "quantitative",
    scale: { domain: [0, endS], nice: false },
    axis: isLast ? { title: "seconds since the load began", grid: false } : null,
  }) as const;

/** The windows of bounces lie behind every panel. */
const shade = (
  windows: ReturnType<typeof bounceWindows>,
  axis: ReturnType<typeof shared>,
  isFirst: boolean,
): ChartSpec[] => {
  if (windows.length === 0) return [];
  const x = { ...axis, field: "fromS" } as const;
  return [
    {
      data: { values: windows },
      mark: { type: "rect", color: "var(--shade)", stroke: "var(--line)", strokeDash: [2, 2] },
      encoding: { x, x2: { field: "toS" } },
    },
    ...(isFirst
      ? [
          {
            data: { values: windows },
            mark: { type: "text", align: "left", dx: 2, dy: 7, fontSize: 10, clip: true },
            encoding: { x, y: { value: 0 }, text: { field: "target" } },
          },
        ]
      : []),
  ];
};

interface Panel {
  title: string;
  height: number;
  layers: (x: ReturnType<typeof shared>) => ChartSpec[];
}

const eventsPanel = (points: readonly TimePoint[]): Panel => ({
  title: "events/s: published (dashed) and received (solid)",
  height: 84,
  layers: (x) =>
    (["published", "received"] as const).map((field) => ({
      data: { values: points.map((point) => ({ atS: point.atS, value: point[field] })) },
      mark: {
        type: "line",
        interpolate: "step",
        strokeWidth: field === "published" ? 1.5 : 2,
        strokeDash: field === "published" ? [4, 3] : [1, 0],
        color: field === "published" ? "var(--text)" : "var(--series-1)",
      },
      encoding: { x, y: { field: "value", type: "quantitative", title: null } },
    })),
});

const valuePanel = (
  title: string,
  colour: string,
  values: readonly { atS: number; value: number }[],
): Panel => ({
  title,
  height: 52,
  layers: (x) => [
    {
      data: { values: [...values] },
      mark: {
        type: "area",
        interpolate: "step",
        color: colour,
        fillOpacity: 0.3,
        line: { color: colour, strokeWidth: 1.5 },
      },
      encoding: {
        x,
        y: {
          field: "value",
          type: "quantitative",
          title: null,
          // Without it, an axis of nothing but 0 has no numbers.
          scale: { domain: [0, Math.max(1, ...values.map(({ value }) => value))] },
        },
      },
    },
  ],
});

const lossPanel = (points: readonly TimePoint[], widthS: number): Panel | null => {
  const causes = CAUSE_NAMES.filter((cause) => points.some(({ lost }) => (lost[cause] ?? 0) > 0));
  if (causes.length === 0) return null;
  const values = points.flatMap(({ atS, lost }) => {
    let from = 0;
    return causes.flatMap((cause) => {
      const value = lost[cause] ?? 0;
      from += value;
      const place = { atS: atS - widthS / 2, toS: atS + widthS / 2 };
      return value === 0 ? [] : [{ ...place, cause, from: from - value, to: from }];
    });
  });
  return {
    title: "events/s lost, by cause and time of publication",
    height: 64,
    layers: (x) => [
      {
        data: { values },
        mark: { type: "rect", stroke: "var(--surface)", strokeWidth: 0.5 },
        encoding: {
          x,
          x2: { field: "toS" },
          y: { field: "from", type: "quantitative", title: null },
          y2: { field: "to" },
          color: {
            field: "cause",
            type: "nominal",
            scale: { domain: [...CAUSE_NAMES], range: CAUSE_COLOURS },
            legend: { values: causes, orient: "bottom" },
          },
        },
      },
    ],
  };
};

/** Of a run with its bounce windows shaded. */
export const timelineChart = (run: RunResult, series: RunSeries): ChartSpec => {
  const endS = (series.published.length * series.stepMs) / 1000;
  const points = timePoints(series, MOST_POINTS);
  const widthS = points.length > 1 ? (points[1]?.atS ?? 0) - (points[0]?.atS ?? 0) : endS;
  const of = (field: "open" | "attempts"): { atS: number; value: number }[] =>
    points.map((point) => ({ atS: point.atS, value: point[field] }));
  const panels = [
    eventsPanel(points),
    valuePanel("open streams", "var(--series-3)", of("open")),
    valuePanel("reconnect attempts/s", "var(--series-2)", of("attempts")),
    lossPanel(points, widthS),
  ].filter((panel) => panel !== null);
  const windows = bounceWindows(run.bounces, endS);
  return {
    vconcat: panels.map(({ title, height, layers }, index) => {
      const x = shared(endS, index === panels.length - 1);
      return {
        title,
        width: CHART_WIDTH - 44,
        height,
        layer: [...shade(windows, x, index === 0), ...layers(x)],
      };
    }),
  };
};
