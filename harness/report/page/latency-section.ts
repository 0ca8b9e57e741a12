/** How long events took, on an axis of percentiles. */
import type { RunResult } from "../../checker/run-result.ts";
import { latencyChart } from "../charts/latency-chart.ts";
import { formatCount, formatMs } from "../format.ts";
import { bounceLabel } from "../summary/run-group.ts";
import { chart, figure, section, type TableData, words } from "./blocks.ts";
import { html, type Html } from "./html.ts";
import { bouncesOf, nameOf, type PageData, pathIn } from "./page-data.ts";

const PERCENTILES = ["p50", "p90", "p99", "p999", "max"] as const;

const latencyTable = (
  { summary }: PageData,
  runs: readonly RunResult[],
  bounce: RunResult["bounce"],
): TableData => ({
  caption: `delivery, ${bounceLabel(bounce)}: from the publication to the read`,
  headings: ["run", "events", "p50", "p90", "p99", "p99.9", "max", "hidden by the engine's lag"],
  rows: runs.flatMap((run) => {
    if (run.latency === null) return [];
    const { delivery } = run.latency;
    const path = pathIn(summary, run);
    return [
      [
        figure(nameOf(run)),
        figure(formatCount(delivery.samples), path("latency.delivery.samples")),
        ...PERCENTILES.map((percentile) =>
          figure(formatMs(delivery[percentile]), path(`latency.delivery.${percentile}`)),
        ),
        words(delivery.resolved ? "no" : "yes: at most these"),
      ],
    ];
  }),
});

export const latencySection = async (data: PageData): Promise<Html | null> => {
  const charts: Html[] = [];
  for (const bounce of bouncesOf(data.groups)) {
    const runs = data.groups
      .filter((group) => group.bounce === bounce)
      .flatMap(({ measured }) => measured)
      .filter(({ latency }) => latency !== null);
    const curves = runs.flatMap((run) => data.seriesOf(run) ?? []);
    if (curves.every(({ delivery }) => delivery.length === 0)) continue;
    charts.push(
      chart({
        title: bounceLabel(bounce),
        description:
          `Delivery times by percentile, ${bounceLabel(bounce)}: one line for each run of ` +
          `${data.topologies.join(", ")}, on a scale of powers of ten.`,
        svgs: [{ markup: await data.draw(latencyChart(curves, data.topologies)) }],
        table: latencyTable(data, runs, bounce),
      }),
    );
  }
  return charts.length === 0
    ? null
    : section(
        "latency",
        "How late events arrive",
        html`<p>
            From the publication to the read, of events that arrived on the live stream, after the
            warm-up. Each step to the right has ten times fewer events.
          </p>
          <div class="grid">${charts}</div>`,
      );
};
