/** Each run: its verdict, its figures and its time line. */
import type { RunResult } from "../../checker/run-result.ts";
import type { RunSeries } from "../../checker/run-series.ts";
import { timePoints } from "../charts/series-points.ts";
import { timelineChart } from "../charts/timeline-chart.ts";
import { formatCount, formatMs, formatNumberOf } from "../format.ts";
import { CAUSE_NAMES } from "../glossary.ts";
import { chart, figure, section, type TableData } from "./blocks.ts";
import { html, type Html } from "./html.ts";
import { anchorOf, nameOf, type PageData, pathIn } from "./page-data.ts";

/** A table of a run's time has about this many rows. */
const MOST_ROWS = 30;

const FIGURES: readonly [
  name: string,
  path: string,
  of: (run: RunResult) => number | null,
  format?: (value: number | null) => string,
][] = [
  ["due", "due", (run) => run.due],
  ["delivered", "delivered", (run) => run.delivered],
  ["recovered", "recovered", (run) => run.recovered],
  ["lost", "lost", (run) => run.lost],
  ["never published", "neverPublished", (run) => run.neverPublished],
  ["missed", "missed", (run) => run.missed],
  ["indeterminate", "indeterminate", (run) => run.indeterminate],
  ["stuck streams", "stuckStreams", (run) => run.stuckStreams],
  ["reconnects", "reconnects.count", (run) => run.reconnects.count],
  ["attempts/s, peak", "reconnects.peakPerSecond", (run) => run.reconnects.peakPerSecond],
  ["100 % back", "reconnects.timeTo100Ms", (run) => run.reconnects.timeTo100Ms, formatMs],
];

const timeTable = (run: RunResult, series: RunSeries): TableData => {
  const causes = CAUSE_NAMES.filter((cause) => series.lost[cause] !== undefined);
  return {
    caption: `${nameOf(run)} over time`,
    headings: [
      "second",
      "published/s",
      "received/s",
      "open streams",
      "reconnect attempts/s",
      ...causes.map((cause) => `lost/s, ${cause}`),
    ],
    rows: timePoints(series, MOST_ROWS).map((point) => [
      figure(formatCount(point.atS)),
      ...[point.published, point.received, point.open, point.attempts].map((value) =>
        figure(formatCount(value)),
      ),
      ...causes.map((cause) => figure(formatCount(point.lost[cause] ?? 0))),
    ]),
  };
};

/** Which bounces the shaded windows are. */
const bouncesSentence = ({ bounces }: RunResult): string =>
  bounces.length === 0
    ? "No bounce: nothing is shaded."
    : `Shaded: ${bounces
        .map(({ target, startedMs, endedMs }) => {
          const end = endedMs === null ? "the end" : formatMs(endedMs);
          return `${target} from ${formatMs(startedMs)} to ${end}`;
        })
        .join(", ")}.`;

const runBlock = async (data: PageData, run: RunResult): Promise<Html> => {
  const { summary } = data;
  const id = anchorOf(summary, run);
  const path = pathIn(summary, run);
  const series = data.seriesOf(run);
  return html` <article class="run" id="${id}" aria-labelledby="${`${id}-title`}">
    <h3 id="${`${id}-title`}">
      ${nameOf(run)} <span class="${`verdict ${run.verdict}`}">${run.verdict}</span>
    </h3>
    <dl>
      ${FIGURES.map(
        ([name, at, of, format = formatCount]) =>
          html` <div>
            <dt>${name}</dt>
            <dd data-path="${path(at)}">${format(of(run))}</dd>
          </div>`,
      )}
    </dl>
    ${
      run.reasons.length === 0
        ? null
        : html`<ul class="reasons">
            ${run.reasons.map((reason) => html`<li>${reason}</li>`)}
          </ul>`
    }
    ${
      series === null
        ? html`<p class="note">This run has no time line: its history holds no load.</p>`
        : chart({
            title: "Over time",
            description:
              `Time line of ${nameOf(run)}: events published and received, open streams, reconnect ` +
              `attempts and losses. ${bouncesSentence(run)}`,
            svgs: [{ markup: await data.draw(timelineChart(run, series)) }],
            table: timeTable(run, series),
          })
    }
    <p class="note">${bouncesSentence(run)}</p>
  </article>`;
};

export const runsSection = async (data: PageData): Promise<Html> => {
  const { runs } = data.summary;
  const blocks: Html[] = [];
  for (const run of runs) blocks.push(await runBlock(data, run));
  return section(
    "runs",
    `${formatNumberOf(runs.length, "run")}, each over time`,
    html`<div class="grid">${blocks}</div>`,
  );
};
