/** The output of `sse-lab compare A B`: Markdown, for terminals and pull-request comments. */
import type { Comparison, FigureChange, MatchedRuns } from "./compare-summaries.ts";
import { DASH, escapeMarkdown, formatCount, formatMs, formatPercent } from "../format.ts";
import { tableOf } from "../tables/markdown-tables.ts";
import { bounceLabel, formatSpread } from "../summary/run-group.ts";

const format = (change: FigureChange): ((value: number | null) => string) => {
  if (change.figure === "p99 latency") return formatMs;
  return change.figure === "stuck streams" ? formatCount : formatPercent;
};

const signed = (value: number, text: string): string =>
  value > 0 ? `+${text}` : value < 0 ? `-${text}` : text;

const changeText = (change: FigureChange): string => {
  if (change.change === null) return DASH;
  if (change.figure === "p99 latency") return `x ${change.change.toFixed(2)}`;
  return signed(change.change, format(change)(Math.abs(change.change)));
};

const rowsOf = (pair: MatchedRuns): { pair: MatchedRuns; change: FigureChange }[] =>
  pair.figures.map((change) => ({ pair, change }));

const list = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0
    ? []
    : [`${title}\n\n${lines.map((line) => `- ${escapeMarkdown(line)}`).join("\n")}`];

const LEGEND =
  "Medians of the repeats with [smallest–largest]. With two or more repeats on both sides, a " +
  "figure got " +
  "worse if the ranges do not overlap. With a single run on a side, shares are compared as " +
  "binomial over " +
  "sessions (a session's events are lost together), and latencies are not judged.";

/**
 * The comparison as Markdown: what got worse, warnings, then every figure and how it was judged.
 */
export const renderComparisonMarkdown = (comparison: Comparison): string => {
  const { matched, regressions, warnings, onlyInA, onlyInB } = comparison;
  const unknown = matched
    .filter((pair) => pair.verdict.judgement === "not judged")
    .map(
      (pair) =>
        `${pair.label}, ${bounceLabel(pair.bounce)}: ${pair.verdict.a} in A, ` +
        `${pair.verdict.b} in B.`,
    );
  const table = tableOf(matched.flatMap(rowsOf), [
    { heading: "topology", align: "l", cell: ({ pair }) => pair.label },
    { heading: "bounce", align: "l", cell: ({ pair }) => bounceLabel(pair.bounce) },
    {
      heading: "verdict",
      align: "l",
      cell: ({ pair: { verdict } }) =>
        verdict.a === verdict.b ? verdict.a : `${verdict.a} → ${verdict.b}`,
    },
    { heading: "figure", align: "l", cell: ({ change }) => change.figure },
    { heading: "A", cell: ({ change }) => formatSpread(change.a, format(change)) },
    { heading: "B", cell: ({ change }) => formatSpread(change.b, format(change)) },
    { heading: "change", cell: ({ change }) => changeText(change) },
    { heading: "judged", align: "l", cell: ({ change }) => `${change.judgement}: ${change.how}` },
  ]);
  const conclusion =
    matched.length === 0
      ? "**A and B have no run in common.**"
      : regressions.length === 0
        ? "**Nothing got worse**, as far as it can be judged."
        : "";
  return [
    "# Comparison of A and B",
    ...(conclusion === "" ? [] : [conclusion]),
    ...list("**Got worse**", regressions),
    ...list("**Warnings**", warnings),
    ...list("**Verdicts that cannot be compared**", unknown),
    ...(table === null ? [] : [table, LEGEND]),
    ...list("**Only in A**", onlyInA),
    ...list("**Only in B**", onlyInB),
  ].join("\n\n");
};
