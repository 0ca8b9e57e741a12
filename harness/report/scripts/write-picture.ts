/** Draws the README's picture again: the first screen of the reference run's page. */
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { fromRoot } from "../../../common/paths.ts";
import { chromiumPath } from "../../../common/test-support/chromium.ts";
import { renderPage } from "../page/report-page.ts";
import { parseManifest } from "../summary/manifest.ts";
import { parseSummary } from "../summary/summary.ts";

const FOLDER = "results/reference";
/** The answer and its chart, without the table below. */
const SIZE = { width: 1000, height: 476 };

const read = (name: string): unknown => JSON.parse(readFileSync(fromRoot(FOLDER, name), "utf8"));

if (chromiumPath === undefined) {
  process.stderr.write("docs/report.png stays as it is: Chromium is not installed\n");
} else {
  const summary = parseSummary(read("summary.json"));
  const html = await renderPage(summary, parseManifest(read("manifest.json")), []);
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: "light" });
    await page.setContent(html);
    await page.screenshot({ path: fromRoot("docs/report.png") });
  } finally {
    await browser.close();
  }
}
