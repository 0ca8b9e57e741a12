/**
 * The run that is under way: a time line that grows. Drawn without the chart library, whose seconds
 * of work would disturb the measurement.
 */
import { formatCount } from "../format.ts";
import { chart, figure, paragraph, section, type TableData } from "./blocks.ts";
import { html, type Html } from "./html.ts";

export interface LivePoint {
  /** Seconds since the load began. */
  atS: number;
  eventsPerSecond: number;
  streams: number;
  /** Events that should have arrived by now and have not. */
  overdue: number;
  reconnects: number;
}

export interface LiveRun {
  /** `[3/12] phase1, rolling`. */
  title: string;
  /** What happens at the moment. */
  step: string;
  points: readonly LivePoint[];
  /** Length of the load, seconds; the line grows into it. */
  lengthS: number;
  /** What happened when, newest last. */
  steps: readonly { atS: number; text: string }[];
}

type Series = "eventsPerSecond" | "streams" | "overdue" | "reconnects";

const PANELS: readonly [Series, title: string, colour: string][] = [
  ["eventsPerSecond", "events received/s", "var(--series-1)"],
  ["streams", "open streams", "var(--series-3)"],
  ["overdue", "events missing so far", "var(--series-5)"],
  ["reconnects", "reconnects so far", "var(--series-2)"],
];

const [WIDTH, HEIGHT, LEFT, TOP] = [480, 74, 52, 18];
const MOST_ROWS = 20;

/** Every nth one, the last one included. */
function thinned<T>(all: readonly T[], most: number): T[] {
  const every = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, index) => (all.length - 1 - index) % every === 0);
}

const panel = (
  { points, lengthS, steps }: LiveRun,
  [series, title, colour]: (typeof PANELS)[number],
  index: number,
): Html => {
  const endS = Math.max(1, lengthS, points.at(-1)?.atS ?? 0);
  const highest = Math.max(1, ...points.map((point) => point[series]));
  const x = (atS: number): number => Math.round(LEFT + (atS / endS) * (WIDTH - LEFT - 4));
  const y = (value: number): number => Math.round(TOP + (1 - value / highest) * (HEIGHT - TOP - 6));
  const line = points.map((point) => `${x(point.atS)},${y(point[series])}`).join(" ");
  const base = HEIGHT - 6;
  return html`<g transform="${`translate(0 ${index * HEIGHT})`}">
    <text x="0" y="11" font-size="12" font-weight="600" fill="var(--text)">${title}</text>
    <text x="${LEFT - 6}" y="${TOP + 8}" font-size="11" text-anchor="end" fill="var(--muted)">
      ${formatCount(Math.round(highest))}
    </text>
    <line x1="${LEFT}" y1="${base}" x2="${WIDTH - 4}" y2="${base}" stroke="var(--line)" />
    ${steps.map(
      ({ atS }) =>
        html`<line
          x1="${x(atS)}"
          y1="${TOP}"
          x2="${x(atS)}"
          y2="${base}"
          stroke="var(--muted)"
          stroke-dasharray="2 3"
        />`,
    )}
    <polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2" />
  </g>`;
};

const drawing = (run: LiveRun): string =>
  html`<svg
    aria-hidden="true"
    focusable="false"
    viewBox="${`0 0 ${WIDTH} ${PANELS.length * HEIGHT}`}"
    xmlns="http://www.w3.org/2000/svg"
  >
    ${PANELS.map((one, index) => panel(run, one, index))}
  </svg>`.markup;

const table = ({ title, points }: LiveRun): TableData => ({
  caption: `${title}, so far`,
  headings: ["second", ...PANELS.map(([, name]) => name)],
  rows: thinned(points, MOST_ROWS).map((point) => [
    figure(formatCount(Math.round(point.atS))),
    ...PANELS.map(([series]) => figure(formatCount(Math.round(point[series])))),
  ]),
});

/** What the page shows of the run under way. */
export const liveSection = (run: LiveRun): Html => {
  const { title, step, points } = run;
  const now = points.at(-1);
  return section(
    "live",
    `Now: ${title}`,
    paragraph(step === "" ? "Starting." : `Step: ${step}.`),
    now === undefined
      ? paragraph("The load has not begun.")
      : chart({
          title: `${formatCount(Math.round(now.atS))} of ${formatCount(Math.round(run.lengthS))} s`,
          description:
            "Time line of the run under way: events received, open streams, events missing and " +
            "reconnects so far. Dashed lines: steps of the bounce.",
          svgs: [{ markup: drawing(run) }],
          table: table(run),
        }),
    run.steps.length === 0
      ? null
      : html`<details>
          <summary>${`${formatCount(run.steps.length)} steps`}</summary>
          <ul>
            ${run.steps.map(
              ({ atS, text }) => html`<li>${formatCount(Math.round(atS))} s: ${text}</li>`,
            )}
          </ul>
        </details>`,
  );
};
