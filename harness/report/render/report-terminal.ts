/** The comparison at the end of a run, for a terminal: the conclusion, then the table. */
import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import pc from "picocolors";
import type { Verdict } from "../../checker/run-result.ts";
import { COMPARISON_COLUMNS, type ComparisonColumn } from "../tables/comparison-columns.ts";
import {
  deployColumns,
  deployGroups,
  hasHeadline,
  STEADY_COLUMNS,
  steadyGroups,
} from "../tables/headline-columns.ts";
import { coresInShort, scaledFrom } from "../findings/cost-findings.ts";
import { withoutLedgerColumns } from "../without-ledger/columns.ts";
import { lacksLedger } from "../without-ledger/sentences.ts";
import { whichFits } from "../findings/which-fits.ts";
import { capitalise, formatNumberOf } from "../format.ts";
import { migrationFindings } from "../findings/migration-findings.ts";
import { STEP_FIGURES } from "../tables/step-table.ts";
import { interruption, missingSentence } from "../summary/missing-runs.ts";
import {
  type RunGroup,
  groupRuns,
  groupVerdict,
  verdictCounts,
  worstVerdict,
} from "../summary/run-group.ts";
import { engineStandInSentence, standInSentence } from "../realtime-implementation-note.ts";
import type { Summary } from "../summary/summary.ts";

const DEFAULT_COLUMNS = 100;

type Paint = (text: string, verdict: Verdict) => string;

const painter = (colour: boolean): Paint => {
  const colours = pc.createColors(colour);
  const byVerdict = { valid: colours.green, invalid: colours.red, unknown: colours.yellow };
  return (text, verdict) => byVerdict[verdict](text);
};

// Names come from outside; a control character in one could repaint the terminal.
const plain = (text: string): string =>
  stripVTControlCharacters(text).replaceAll(/[\s\p{Cc}]+/gu, " ");

const widthOf = (text: string): number =>
  Math.max(...text.split("\n").map((line) => stripVTControlCharacters(line).length));

const emptyTable = (columns: readonly { heading: string; align?: "l" | "r" }[]) =>
  new Table({
    head: columns.map((column) => column.heading.replace(/ (?=\S+$)/, "\n")),
    colAligns: columns.map((column) => (column.align === "l" ? "left" : "right")),
    // Without these, cli-table3 colours the head and the borders unasked.
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
    chars: {
      ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
      ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
      ...{
        left: "",
        "left-mid": "",
        right: "",
        "right-mid": "",
        mid: "─",
        "mid-mid": "──",
        middle: "  ",
      },
    },
  });

const drawTable = (
  groups: readonly RunGroup[],
  columns: readonly ComparisonColumn[],
  paint: Paint,
): string => {
  const table = emptyTable(columns);
  for (const group of groups)
    table.push(
      columns.map((column) => {
        // Spreads and stand-ins' names get a separate line, else three repeats would cost half of
        // the columns.
        const text = plain(column.cell(group))
          .replace(/ (?=[[(])/, "\n")
          .replaceAll(", ", ",\n");
        return column.cell === groupVerdict ? paint(text, worstVerdict(group)) : text;
      }),
    );
  return table.toString();
};

/** Without the least telling columns, until the table fits. */
const drawFitting = (
  groups: readonly RunGroup[],
  columns: readonly ComparisonColumn[],
  { paint, limit }: { paint: Paint; limit: number },
): string => {
  if (groups.length === 0) return "";
  const levels = columns.map((column) => column.dispensable).sort((a, b) => b - a);
  return (
    [...new Set(levels)]
      .map((level) => columns.filter((column) => column.dispensable <= level))
      .map((kept) => drawTable(groups, kept, paint))
      .find((table) => widthOf(table) <= limit) ?? drawList(groups, columns, paint)
  );
};

/** One short line per row, for terminals too narrow for any table. */
const drawList = (
  groups: readonly RunGroup[],
  columns: readonly ComparisonColumn[],
  paint: Paint,
): string =>
  groups
    .map((group) =>
      columns
        .filter((column) => column.dispensable === 0)
        .map((column) => {
          const text = plain(column.cell(group));
          return column.cell === groupVerdict ? paint(text, worstVerdict(group)) : text;
        })
        .join(" "),
    )
    .join("\n");

/** Items after a heading, as many to a line as fit; empty if not even one does. */
const wrapped = (heading: string, items: readonly string[], limit: number): string => {
  const lines: string[] = [];
  for (const [index, item] of items.entries()) {
    const text = plain(item) + (index < items.length - 1 ? "," : "");
    const last = lines.at(-1);
    const whole = last === undefined ? `${heading} ${text}` : `${last} ${text}`;
    if (last === undefined || whole.length <= limit) lines.splice(-1, 1, whole);
    else lines.push(`  ${text}`);
  }
  return lines.length === 0 || lines.some((line) => line.length > limit)
    ? ""
    : `${lines.join("\n")}\n`;
};

/** A sentence on as many lines as it needs; later lines start with `indent`. */
const folded = (sentence: string, limit: number, indent = ""): string => {
  const lines = [""];
  for (const word of plain(sentence).split(" ")) {
    const last = lines.at(-1) ?? "";
    const longer = last === "" ? word : `${last} ${word}`;
    if (last === "" || longer.length <= limit) lines.splice(-1, 1, longer);
    else lines.push(indent + word);
  }
  return `${lines.join("\n")}\n`;
};

/**
 * The comparison as text without a final line break. Until the table fits, the least telling
 * columns are left out.
 * @param options.colour true: colour the verdicts, which are spelled out in any case
 * @param options.columns width of the terminal in characters; 100 if unknown
 */
export const renderComparison = (
  summary: Summary,
  options: { colour: boolean; columns?: number },
): string => {
  const groups = groupRuns(summary.runs);
  const limit = options.columns ?? DEFAULT_COLUMNS;
  const paint = painter(options.colour);
  const interrupted = interruption(summary);
  const warning =
    interrupted === null
      ? ""
      : `${paint(`${capitalise(interrupted)}: the others were not measured`, "unknown")}\n`;
  if (groups.length === 0) return `${warning}Nothing was measured: no run.`;
  const tables = groups.every(lacksLedger)
    ? [drawFitting(groups, withoutLedgerColumns(groups), { paint, limit })]
    : hasHeadline(groups)
      ? [
          drawFitting(steadyGroups(groups), STEADY_COLUMNS, { paint, limit }),
          drawFitting(deployGroups(groups), deployColumns(), { paint, limit }),
        ]
      : [drawFitting(groups, COMPARISON_COLUMNS, { paint, limit })];
  const drawn = tables.filter((table) => table !== "").join("\n\n");
  const costs = wrapped(
    `Cores per 1,000 streams (scaled from ${scaledFrom(groups)}):`,
    coresInShort(groups, summary.scenario.durationS),
    limit,
  );
  const named = [standInSentence(groups), engineStandInSentence(summary)]
    .map((sentence) => (sentence === null ? "" : folded(sentence, limit)))
    .join("");
  const missing = missingSentence(summary);
  const conclusion = [...(missing === null ? [] : [missing]), ...whichFits(groups)]
    .map((sentence) => folded(`- ${sentence}`, limit, "  "))
    .join("");
  const counts = verdictCounts(summary.runs);
  const verdicts = (["valid", "invalid", "unknown"] as const)
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => paint(`${counts[verdict]} ${verdict}`, verdict));
  return (
    `${conclusion}\n${drawn}\n${named}${costs}${warning}${formatNumberOf(summary.runs.length, "run")}: ` +
    verdicts.join(", ")
  );
};

/** A migration as text: what its steps cost, the table, the verdict and its reasons. */
export const renderSteps = (
  { runs }: Summary,
  options: { colour: boolean; columns?: number },
): string => {
  const [run] = runs.filter(({ steps }) => steps !== null);
  if (run?.steps == null) return "Nothing was measured: no step.";
  const limit = options.columns ?? DEFAULT_COLUMNS;
  const table = emptyTable(STEP_FIGURES);
  for (const step of run.steps) table.push(STEP_FIGURES.map(({ cell }) => plain(cell(step))));
  const findings = migrationFindings(run).map((sentence) => folded(`- ${sentence}`, limit, "  "));
  const why = run.reasons.map((reason) => folded(`  ${reason}`, limit, "  "));
  const verdict = painter(options.colour)(run.verdict, run.verdict);
  return `${findings.join("")}\n${table.toString()}\n${verdict}\n${why.join("")}`.trimEnd();
};
