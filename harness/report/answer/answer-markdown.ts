/** The answer as the first lines of report.md. */
import { escapeMarkdown, formatPercent } from "../format.ts";
import { formatEstimated } from "../summary/estimated.ts";
import { DARK, KILLED, shownFigure } from "../summary/figures.ts";
import { bounceLabel } from "../summary/run-group.ts";
import { tableOf } from "../tables/markdown-tables.ts";
import { type Answer, type AnswerRow, DEPLOYS_PER_DAY, PIPELINES } from "./answer.ts";

/** What stands in a row of a topology that loses events without any deploy. */
export const lossyCell = ({ lossyBy }: AnswerRow): string => `loses ${lossyBy ?? ""} without one`;

export const darkCell = (row: AnswerRow): string =>
  row.lossyBy === null ? shownFigure(row.group, DARK) : lossyCell(row);
export const killedCell = (row: AnswerRow): string =>
  row.lossyBy === null ? shownFigure(row.group, KILLED) : "";
export const chanceCell = (row: AnswerRow, index: number): string =>
  row.lossyBy === null ? formatEstimated(row.chances[index] ?? null, formatPercent) : "";

/** True if the load tells how a pipeline's length matters. */
export const hasChances = ({ rows }: Answer): boolean =>
  rows.some(({ chances }) => chances.some((chance) => chance !== null));

/** How to read the rows. */
export const answerLegend = (answer: Answer): string =>
  answer.bounce === null
    ? ""
    : `Deploy: bounce ${bounceLabel(answer.bounce)}. A stream's loss: seconds of events, if its ` +
      "pipeline lives on. Killed: of the pipelines that it could kill. In brackets: the 95 % " +
      "interval." +
      (hasChances(answer)
        ? ` Stuck: the chance that deploys end a pipeline of this length without its last event, ` +
          `with ${DEPLOYS_PER_DAY} deploys a day, from what became of the measured pipelines ` +
          "that outlast the drain's grace. `sse-lab advise` takes your numbers."
        : "");

/** The sentences, and the rows that they rest on. */
export const answerBlocks = (answer: Answer): (string | null)[] => {
  const chances = hasChances(answer) ? PIPELINES : [];
  const table = tableOf(answer.rows, [
    { heading: "topology", align: "l", cell: ({ label }) => label },
    { heading: "one deploy costs a stream", cell: darkCell },
    { heading: "pipelines killed", cell: killedCell },
    ...chances.map(({ label }, index) => ({
      heading: `${index === 0 ? "stuck: " : ""}${label}`,
      cell: (row: AnswerRow) => chanceCell(row, index),
    })),
  ]);
  const legend = answerLegend(answer);
  return [
    `**${escapeMarkdown(answer.sentences.join(" "))}**`,
    answer.bounce === null ? null : table,
    legend === "" ? null : legend,
  ];
};
