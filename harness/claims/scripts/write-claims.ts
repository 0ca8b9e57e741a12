/**
 * Writes the judged statements into docs/claims.md. With `--check`: exits 1 if the page is out of
 * date.
 */
import { readFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { updateGenerated } from "../../../common/files/update-generated.ts";
import { fromRoot } from "../../../common/paths.ts";
import { parseSummary } from "../../report/summary/summary.ts";
import { judgeClaims } from "../claim.ts";
import { claimsInDetail, claimsTable, countSentence } from "../claims-markdown.ts";
import { CLAIMS } from "../claims.ts";
import { collectFacts } from "../facts.ts";
import { defaultResults } from "../find-results.ts";

const PAGE = "docs/claims.md";

await updateGenerated(PAGE, "harness/claims/scripts/write-claims.ts", async () => {
  const results = defaultResults().map((path) => ({
    path,
    summary: parseSummary(JSON.parse(readFileSync(fromRoot(path, "summary.json"), "utf8"))),
  }));
  const judged = judgeClaims(CLAIMS, { results, facts: collectFacts() });
  const text = [
    "# What the strategy says, and what was measured",
    "For readers of the strategy. Each of its statements that can be checked has an experiment " +
      "and a threshold, and the figures decide: this page is generated (`make claims`).",
    "- **confirmed**: every check holds, with its whole 95 % interval.\n" +
      "- **qualified**: it holds, and what a reader will conclude from it does not.\n" +
      "- **refuted**: a check does not hold.\n" +
      "- **not tested**: no figure, or the interval includes the threshold.",
    countSentence(judged),
    claimsTable(judged),
    "## Every check",
    claimsInDetail(judged),
  ].join("\n\n");
  return format(text, { ...(await resolveConfig(fromRoot(PAGE))), parser: "markdown" });
});
