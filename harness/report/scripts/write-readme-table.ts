/**
 * Script: `npx tsx harness/report/scripts/write-readme-table.ts [--check]` writes the README's
 * result table from the reference results. With --check it writes nothing and exits 1 if the README
 * is out of date.
 */
import { readFileSync } from "node:fs";
import { fromRoot } from "../../../common/paths.ts";
import { parseSummary } from "../summary/summary.ts";
import { renderReadmeTable, replaceBetweenMarkers } from "../tables/readme-table.ts";
import { updateGenerated } from "../../../common/files/update-generated.ts";

await updateGenerated("README.md", "harness/report/scripts/write-readme-table.ts", (readme) => {
  const summary = parseSummary(
    JSON.parse(readFileSync(fromRoot("results/reference/summary.json"), "utf8")),
  );
  return replaceBetweenMarkers(readme, renderReadmeTable(summary));
});
