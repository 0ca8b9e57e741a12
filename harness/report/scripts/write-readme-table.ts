/** Script: `npx tsx harness/report/scripts/write-readme-table.ts [--check]`. With --check it writes nothing and exits 1 when the README is out of date. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { renderReadmeTable, replaceBetweenMarkers } from "../tables/readme-table.ts";
import { parseSummary } from "../summary/summary.ts";
import { fromRoot } from "../../../common/paths.ts";

const SUMMARY = "results/reference/summary.json";
const README = "README.md";

try {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const summary = parseSummary(JSON.parse(readFileSync(fromRoot(SUMMARY), "utf8")));
  const before = readFileSync(fromRoot(README), "utf8");
  const after = replaceBetweenMarkers(before, renderReadmeTable(summary));
  if (!values.check) writeFileSync(fromRoot(README), after);
  else if (before !== after) {
    console.error(
      `${README} does not show ${SUMMARY}: run npx tsx harness/report/scripts/write-readme-table.ts`,
    );
    process.exitCode = 1;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
