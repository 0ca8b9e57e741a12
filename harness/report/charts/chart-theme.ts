/** How all charts look. Colours are variables that the page sets for light, dark and print. */
import type { Config } from "vega-lite";

/** One per topology, in the order of the summary. A dash pattern goes with each. */
export const SERIES_COLOURS = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `var(--series-${number})`);
export const SERIES_DASHES = [
  [1, 0],
  [7, 3],
  [2, 2],
  [9, 3, 2, 3],
  [12, 4],
  [4, 4],
  [1, 3],
  [6, 2, 1, 2, 1, 2],
];

/** Drawn at this size, a chart can be read on a phone, and stands beside another on a desk. */
export const CHART_WIDTH = 420;

const TEXT = "var(--text)";
const MUTED = "var(--muted)";
const LINE = "var(--line)";

export const CHART_THEME: Config = {
  aria: false,
  background: "transparent",
  font: "system-ui, sans-serif",
  padding: 4,
  view: { stroke: null },
  axis: {
    labelColor: MUTED,
    titleColor: MUTED,
    gridColor: LINE,
    domainColor: MUTED,
    tickColor: MUTED,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 500,
    labelOverlap: true,
  },
  axisY: { tickCount: 3, domain: false, ticks: false, minExtent: 36, maxExtent: 36 },
  legend: {
    labelColor: TEXT,
    titleColor: MUTED,
    labelFontSize: 12,
    symbolStrokeWidth: 2.5,
    symbolSize: 160,
    orient: "top",
    title: null,
    columns: 2,
    labelLimit: 0,
  },
  header: { labelColor: TEXT, titleColor: MUTED, labelFontSize: 12, labelFontWeight: 600 },
  title: { color: TEXT, fontSize: 12, fontWeight: 600, anchor: "start", frame: "group" },
  text: { color: TEXT, fontSize: 12 },
  concat: { spacing: 12 },
  facet: { spacing: 10 },
};
