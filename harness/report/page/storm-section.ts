/** What a bounce sends back at once: how streams were cut, and how clients came back. */
import type { RunResult } from "../../checker/run-result.ts";
import { drainShape } from "../charts/series-points.ts";
import { stormChart, type StormRun } from "../charts/storm-chart.ts";
import { formatCount, formatMs, formatPercent } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { bounceLabel } from "../summary/run-group.ts";
import { chart, figure, section, type TableData, words } from "./blocks.ts";
import { html, type Html } from "./html.ts";
import { bouncesOf, nameOf, type PageData, pathIn } from "./page-data.ts";

const stormTable = (
  data: PageData,
  runs: readonly RunResult[],
  bounce: RunResult["bounce"],
): TableData => ({
  caption: `storm and drain, ${bounceLabel(bounce)}`,
  headings: [
    "run",
    "cut streams",
    "attempts/s, peak",
    "per cut stream",
    "95 % back",
    "100 % back",
    "most cut at once",
    "shape",
  ],
  rows: runs.map((run) => {
    const path = pathIn(data.summary, run);
    const series = data.seriesOf(run);
    const shape = series && drainShape(series, run.bounces);
    const { deploy, reconnects } = run;
    return [
      figure(nameOf(run)),
      figure(formatCount(deploy?.away.cut ?? null), path("deploy.away.cut")),
      figure(formatCount(deploy?.storm.peakPerSecond ?? null), path("deploy.storm.peakPerSecond")),
      figure(
        formatCount(deploy?.storm.peakPerCutStream ?? null),
        path("deploy.storm.peakPerCutStream"),
      ),
      figure(formatMs(reconnects.timeTo95Ms), path("reconnects.timeTo95Ms")),
      figure(formatMs(reconnects.timeTo100Ms), path("reconnects.timeTo100Ms")),
      figure(formatPercent(shape?.mostAtOnce ?? null)),
      words(shape?.name ?? ""),
    ];
  }),
});

export const stormSection = async (data: PageData): Promise<Html | null> => {
  const charts: Html[] = [];
  for (const bounce of bouncesOf(data.groups).filter((one) => one !== STEADY)) {
    const groups = data.groups.filter((group) => group.bounce === bounce);
    const shown = groups.flatMap(({ measured: [run] }): StormRun[] => {
      const series = run && data.seriesOf(run);
      const startedMs = run?.bounces[0]?.startedMs;
      return series && startedMs !== undefined ? [{ series, fromS: startedMs / 1000 }] : [];
    });
    if (shown.length === 0) continue;
    const table = stormTable(
      data,
      groups.flatMap(({ measured }) => measured),
      bounce,
    );
    charts.push(
      chart({
        title: bounceLabel(bounce),
        description:
          `Cut streams per second (area) and attempts to connect again per second (line) since ` +
          `the first bounce began, ${bounceLabel(bounce)}, first repeat. ` +
          table.rows.map((row) => `${row[0]?.text ?? ""}: ${row.at(-1)?.text ?? ""}`).join("; "),
        svgs: [{ markup: await data.draw(stormChart(shown)) }],
        table,
      }),
    );
  }
  return charts.length === 0
    ? null
    : section(
        "storm",
        "What a bounce sends back at once",
        html`<p>
            Orange area: streams cut per second. Blue line: attempts to connect again per second. A
            drain that spreads its cuts is a ramp. If half of a bounce's cuts or more fall within
            200 ms, it is a cliff, and the login and the database meet it too.
          </p>
          <div class="grid">${charts}</div>`,
      );
};
