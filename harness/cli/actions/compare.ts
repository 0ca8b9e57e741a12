/** `sse-lab compare`: what changed from one load test to another. */
import { renderComparisonMarkdown } from "../../report/compare-reports/compare-markdown.ts";
import { compareSummaries, isJudged } from "../../report/compare-reports/compare-summaries.ts";
import { EXIT } from "../exit.ts";
import { readSummary } from "../running/read-summary.ts";

/** @throws UserError when one of the two is no result of a load test */
export async function compare(a: string, b: string, options: { json?: true }): Promise<number> {
  const comparison = compareSummaries(await readSummary(a), await readSummary(b));
  const text = options.json
    ? JSON.stringify(comparison, undefined, 2)
    : renderComparisonMarkdown(comparison);
  process.stdout.write(`${text}\n`);
  if (comparison.regressions.length > 0) return EXIT.invalid;
  return isJudged(comparison) ? EXIT.valid : EXIT.unknown;
}
