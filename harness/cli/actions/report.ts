/** `sse-lab report`: rebuilds the report of a load test from its raw history. */
import { join } from "node:path";
import { rebuildReport } from "../../run/results/rebuild-report.ts";
import { exitCodeOf } from "../exit.ts";

/** @throws UserError when the folder holds no results, or damaged ones */
export async function report(dir: string, options: { json?: true }): Promise<number> {
  const summary = await rebuildReport(dir);
  const { printSummary } = await import("../output/print-summary.ts");
  printSummary(summary, options.json);
  process.stderr.write(`report: ${join(dir, "report.html")}, and report.md beside it\n`);
  return exitCodeOf(summary);
}
