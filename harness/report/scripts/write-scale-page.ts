/**
 * Script: `npx tsx harness/report/scripts/write-scale-page.ts [--check]` writes the figures of
 * docs/scale.md from the reference results. With --check it writes nothing and exits 1 if the page
 * is out of date.
 */
import { readFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { updateGenerated } from "../../../common/files/update-generated.ts";
import { fromRoot } from "../../../common/paths.ts";
import { renderScalePage } from "../scale/scale-page.ts";
import { parseSummary } from "../summary/summary.ts";
import { replaceBetweenMarkers } from "../tables/readme-table.ts";

const PAGE = "docs/scale.md";

await updateGenerated(PAGE, "harness/report/scripts/write-scale-page.ts", async (page) => {
  const summary = parseSummary(
    JSON.parse(readFileSync(fromRoot("results/reference/summary.json"), "utf8")),
  );
  const text = replaceBetweenMarkers(page, renderScalePage(summary), "scale");
  return format(text, { ...(await resolveConfig(fromRoot(PAGE))), parser: "markdown" });
});
