/** report.html: one self-contained page. It needs no network and no script. `--open` adds both. */
import type { RunSeries } from "../../checker/run-series.ts";
import { loadChartLibrary } from "../charts/render-chart.ts";
import { engineStandInSentence, standInSentence } from "../realtime-implementation-note.ts";
import { load, madeOf, measuredOn, question } from "../render/markdown-head.ts";
import type { Manifest } from "../summary/manifest.ts";
import { formatCount, formatNumberOf } from "../format.ts";
import { missingRuns, missingSentence } from "../summary/missing-runs.ts";
import type { Summary } from "../summary/summary.ts";
import { answerSection } from "./answer-section.ts";
import { balanceSection } from "./balance-section.ts";
import { heatSection } from "./heat-section.ts";
import { Html, html, withoutControls } from "./html.ts";
import { type LivePage, livePolicy, liveScript, withoutScript } from "./live-script.ts";
import { latencySection } from "./latency-section.ts";
import { pageData, type PageData } from "./page-data.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { runsSection } from "./runs-section.ts";
import { stepsSection } from "./steps-section.ts";
import { stormSection } from "./storm-section.ts";

/** Markdown's paragraphs hold entities, bold words and code at most. */
const plain = (markdown: string): Html =>
  new Html(
    markdown
      .replaceAll(/\*\*([^*]*)\*\*/g, "<strong>$1</strong>")
      .replaceAll(/`([^`]*)`/g, "<code>$1</code>"),
  );

/** Nothing may be fetched, whatever a name in the results looks like. */
export const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/**
 * @param live of a comparison that is not over: the page shows the run under way, and grows
 */
export const renderPage = async (
  summary: Summary,
  manifest: Manifest,
  series: readonly RunSeries[],
  live?: LivePage,
): Promise<string> => {
  const data = pageData(summary, manifest, series, await loadChartLibrary());
  const sections = await sectionsOf(data, live);
  const warnings = [
    live === undefined ? missingSentence(summary) : soFar(summary),
    standInSentence(data.groups),
    engineStandInSentence(summary),
  ].filter((warning) => warning !== null);
  const policy = live === undefined ? POLICY : `${POLICY}; ${livePolicy(live.nonce)}`;
  return withoutControls(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width,initial-scale=1" />
          <meta http-equiv="Content-Security-Policy" content="${policy}" />
          ${live === undefined ? null : withoutScript()}
          <link rel="icon" href="data:," />
          <title>${plainQuestion(summary)}</title>
          <style>
            ${new Html(PAGE_STYLE)}
          </style>
        </head>
        <body>
          <a class="skip" href="${`#${sections[0]?.id ?? "answer"}`}">Skip to the answer</a>
          <header>
            <h1>${plain(question(summary))}</h1>
            <nav aria-label="Sections">
              <ul>
                ${sections.map(({ id, name }) => html`<li><a href="${`#${id}`}">${name}</a></li>`)}
              </ul>
            </nav>
            ${warnings.map((warning) => html`<p class="warning">${warning}</p>`)}
          </header>
          <main>${sections.map(({ body }) => body)}</main>
          <footer>
            <p>${plain(load(summary))}</p>
            <p>${plain(madeOf(manifest))}</p>
            ${live === undefined ? endNotes(summary, manifest) : null}
          </footer>
          ${live === undefined ? null : liveScript(live)}
        </body>
      </html> `.markup,
  );
};

/** What can only be said once the comparison is over. */
const endNotes = (summary: Summary, manifest: Manifest): Html =>
  html`<p>${plain(measuredOn(summary, manifest))}</p>
    <p>
      Every exact table, the reasons and the glossary are in <code>report.md</code> beside this
      page, all figures in <code>summary.json</code>. The command was:
      <code>${manifest.commandLine.join(" ")}</code>
    </p>`;

interface PageSection {
  id: string;
  name: string;
  body: Html;
}

const sectionsOf = async (data: PageData, live?: LivePage): Promise<PageSection[]> => {
  const now = live === undefined ? [] : [{ id: "live", name: "Now", body: live.section }];
  // Before the first run is judged there is no answer.
  if (live !== undefined && data.summary.runs.length === 0) return now;
  const sections = [
    { id: "answer", name: "Answer", body: await answerSection(data) },
    { id: "steps", name: "Steps", body: stepsSection(data) },
    { id: "matrix", name: "Every bounce", body: heatSection(data) },
    { id: "latency", name: "Latency", body: await latencySection(data) },
    { id: "storm", name: "Storm and drain", body: await stormSection(data) },
    { id: "balance", name: "Balance", body: await balanceSection(data) },
    { id: "runs", name: "Runs", body: await runsSection(data) },
  ];
  return [...now, ...sections].flatMap(({ body, ...rest }) =>
    body === null ? [] : [{ ...rest, body }],
  );
};

/** Null once every planned run is measured. */
const soFar = (summary: Summary): string | null => {
  const missing = missingRuns(summary).length;
  const measured = summary.runs.length;
  return missing === 0
    ? null
    : `${formatCount(measured)} of ${formatNumberOf(measured + missing, "run")} measured so far: ` +
        "what follows may change.";
};

const plainQuestion = ({ scenario }: Summary): string =>
  `SSE scaling lab: ${scenario.topologies.join(", ")}`;
