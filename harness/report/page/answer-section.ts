/** The first screen: the answer in two sentences, and one chart. */
import { type Answer, answerOf, type AnswerRow, whatBounce, PIPELINES } from "../answer/answer.ts";
import {
  answerLegend,
  chanceCell,
  darkCell,
  hasChances,
  killedCell,
} from "../answer/answer-markdown.ts";
import { costChart, type CostPanel, type CostRow } from "../charts/cost-chart.ts";
import { formatNumberOf } from "../format.ts";
import { DARK, type Figure, figureMean, figureSpread, KILLED } from "../summary/figures.ts";
import { verdictCounts } from "../summary/run-group.ts";
import { chart, figure, paragraph, type TableData } from "./blocks.ts";
import { html, type Html } from "./html.ts";
import type { PageData } from "./page-data.ts";

const costRow = (row: AnswerRow, measured: Figure, lossy: string): CostRow => {
  const spread = row.lossyBy === null ? figureSpread(row.group, measured) : null;
  const mean = spread && figureMean(row.group, measured);
  return {
    topology: row.group.topology,
    value: mean,
    low: spread?.interval?.low ?? null,
    high: spread?.interval?.high ?? null,
    label: row.lossyBy === null ? measured.format(mean) : lossy,
  };
};

const panelsOf = ({ rows }: Answer): CostPanel[] => [
  {
    title: "Seconds of events that a stream loses",
    rows: rows.map((row) => costRow(row, DARK, `loses ${row.lossyBy ?? ""} always`)),
    format: "~g",
  },
  {
    title: "Pipelines that die of those it could kill",
    rows: rows.map((row) => costRow(row, KILLED, "")),
    format: ".0%",
  },
];

const tableOf = (answer: Answer): TableData => ({
  caption: "what one deploy costs, with 95 % intervals",
  headings: [
    "topology",
    "a stream loses",
    "pipelines killed",
    ...(hasChances(answer) ? PIPELINES.map(({ label }) => `stuck: ${label}`) : []),
  ],
  rows: answer.rows.map((row) => [
    figure(row.label),
    figure(darkCell(row)),
    figure(killedCell(row)),
    ...(hasChances(answer) ? PIPELINES.map((_, index) => figure(chanceCell(row, index))) : []),
  ]),
});

const trust = ({ summary: { runs } }: PageData): Html => {
  const { valid, invalid, unknown } = verdictCounts(runs);
  const counts =
    `${formatNumberOf(runs.length, "run")}: ${valid} valid, ${invalid} invalid, ` +
    `${unknown} unknown.`;
  return unknown === 0
    ? paragraph(counts)
    : html`<p class="warning">
        ${counts} ${formatNumberOf(unknown, "run")} cannot be trusted, and no figure comes from them
        where a repeat can. <a href="#runs">Each run says why.</a>
      </p>`;
};

/** A line never ends between a figure and its unit. */
const unbroken = (sentence: string): string => sentence.replaceAll(/(?<=\d) (?=%|s )/g, "\u00a0");

export const answerSection = async (data: PageData): Promise<Html> => {
  const answer = answerOf(data.summary);
  const { sentences, bounce, rows } = answer;
  const panels = panelsOf(answer);
  const described = rows
    .map((row) => `${row.label}: ${darkCell(row)}, ${killedCell(row) || "not judged"}`)
    .join("; ");
  return html` <section id="answer" aria-labelledby="answer-title">
    <h2 id="answer-title" class="answer">
      ${sentences.map((sentence) => html`<span>${unbroken(sentence)}</span> `)}
    </h2>
    ${
      bounce === null || rows.length === 0
        ? null
        : chart({
            title: `What ${whatBounce(bounce)} costs, by topology`,
            description:
              `Bars with 95 % intervals. Seconds of events that a stream loses, and the share of ` +
              `pipelines that die. ${described}.`,
            svgs: [
              { markup: await data.draw(costChart(panels, false)), only: "wide" },
              { markup: await data.draw(costChart(panels, true)), only: "narrow" },
            ],
            table: tableOf(answer),
            isOpen: true,
          })
    }
    ${trust(data)}
    <p class="note">${answerLegend(answer).replaceAll("`", "")}</p>
  </section>`;
};
