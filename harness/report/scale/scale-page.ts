/** The generated part of docs/scale.md: the reference run, scaled to a million streams. */
import type { Summary } from "../summary/summary.ts";
import { formatCount } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { groupRuns } from "../summary/run-group.ts";
import { LAB_LIMITS, unitCosts, type UnitCosts } from "./scale.ts";
import { renderScale, unitCostsTable } from "./scale-markdown.ts";

export const STREAMS = 1_000_000;
/** The topologies whose streams may be on any instance, or are kept together. */
const PLANNED = ["phase1", "phase2", "phase2-durable"];

/** What steady, trusted runs of each topology cost. */
export const measuredCosts = ({ runs, scenario }: Summary): UnitCosts[] =>
  groupRuns(runs)
    .filter(({ topology, bounce, trusted }) => {
      return trusted && bounce === STEADY && PLANNED.includes(topology);
    })
    .flatMap(({ measured }) => unitCosts(measured, scenario) ?? []);

export function renderScalePage(summary: Summary): string {
  const costs = measuredCosts(summary);
  return [
    `Measured costs, from [results/reference](../results/reference/report.md), measured ` +
      `${summary.startedAt.slice(0, 10)}.`,
    unitCostsTable(costs),
    ...costs.flatMap((one) => [
      `### ${formatCount(STREAMS)} streams with ${one.topology}`,
      renderScale(one, STREAMS, LAB_LIMITS),
    ]),
  ].join("\n\n");
}
