/** Streams per instance before and after a bounce. */
import { balanceChart, type InstanceStreams } from "../charts/balance-chart.ts";
import type { RunResult } from "../../checker/run-result.ts";
import { formatCount } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { bounceLabel } from "../summary/run-group.ts";
import { chart, figure, section, type TableData } from "./blocks.ts";
import { html, type Html } from "./html.ts";
import { bouncesOf, nameOf, type PageData, pathIn } from "./page-data.ts";

const instancesOf = (run: RunResult): [string, { first: number; last: number }][] =>
  Object.entries(run.sessionsPerInstance).sort(([a], [b]) =>
    a.localeCompare(b, "en", { numeric: true }),
  );

const streamsOf = (run: RunResult): InstanceStreams[] =>
  instancesOf(run).flatMap(([instance, { first, last }]) => [
    { topology: run.topology, instance, when: "before" as const, streams: first },
    { topology: run.topology, instance, when: "after" as const, streams: last },
  ]);

const balanceTable = (
  data: PageData,
  runs: readonly RunResult[],
  bounce: RunResult["bounce"],
): TableData => ({
  caption: `sessions by the instance of their first stream and of their last, ${bounceLabel(bounce)}`,
  headings: ["run and instance", "before", "after"],
  rows: runs.flatMap((run) =>
    instancesOf(run).map(([instance, { first, last }]) => {
      const path = (end: string): string =>
        pathIn(data.summary, run)(`sessionsPerInstance.${instance}.${end}`);
      return [
        figure(`${nameOf(run)}, ${instance}`),
        figure(formatCount(first), path("first")),
        figure(formatCount(last), path("last")),
      ];
    }),
  ),
});

export const balanceSection = async (data: PageData): Promise<Html | null> => {
  const charts: Html[] = [];
  for (const bounce of bouncesOf(data.groups).filter((one) => one !== STEADY)) {
    const runs = data.groups
      .filter((group) => group.bounce === bounce)
      .flatMap(({ measured }) => measured.slice(0, 1))
      .filter((run) => Object.keys(run.sessionsPerInstance).length > 1);
    if (runs.length === 0) continue;
    charts.push(
      chart({
        title: bounceLabel(bounce),
        description:
          `Bars: sessions per instance before (hollow) and after (full) the bounce, ` +
          `${bounceLabel(bounce)}, first repeat of each topology with several instances.`,
        svgs: [{ markup: await data.draw(balanceChart(runs.flatMap(streamsOf))) }],
        table: balanceTable(data, runs, bounce),
      }),
    );
  }
  return charts.length === 0
    ? null
    : section(
        "balance",
        "Streams per instance, before and after",
        html`<p>
            The instance that is bounced last ends up with the fewest streams, because clients that
            moved do not move back.
          </p>
          <div class="grid">${charts}</div>`,
      );
};
