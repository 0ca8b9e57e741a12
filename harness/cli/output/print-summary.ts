import { renderComparison } from "../../report/render/report-terminal.ts";
import type { Summary } from "../../report/summary/summary.ts";
import { wantsColour } from "./colour.ts";

/** Prints the result of a comparison: a table, or summary.json. */
export function printSummary(summary: Summary, json: boolean | undefined): void {
  const text = json
    ? JSON.stringify(summary, undefined, 2)
    : renderComparison(summary, {
        colour: wantsColour(process.stdout),
        ...(process.stdout.columns > 0 ? { columns: process.stdout.columns } : {}),
      });
  process.stdout.write(`${text}\n`);
}
