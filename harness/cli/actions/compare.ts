/** `sse-lab compare`: what changed from one load test to another. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readText } from "../../../common/files/read-text.ts";
import { UserError } from "../../../common/user-error.ts";
import { renderComparisonMarkdown } from "../../report/compare-reports/compare-markdown.ts";
import { compareSummaries, isJudged } from "../../report/compare-reports/compare-summaries.ts";
import { parseSummary, type Summary } from "../../report/summary/summary.ts";
import { EXIT } from "../exit.ts";

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

async function readSummary(path: string): Promise<Summary> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, "summary.json") : path;
  try {
    return parseSummary(JSON.parse(await readText(file)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === "ENOENT"
        ? `${file} is not there: name the folder of a load test, or a summary.json`
        : `${file}: ${(error as Error).message}`,
    );
  }
}
