/** What `sse-lab compare A B` prints: Markdown, which reads well in a terminal and in a pull-request comment. */
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
  lines.length === 0 ? [] : [`${title}\n\n${lines.map((line) => `- ${escapeMarkdown(line)}`).join("\n")}`];

const LEGEND =
  "Medians of the repeats with [smallest–largest]. With two or more repeats on both sides a figure got worse when the ranges do not overlap. With a single run on a side, shares are compared as binomial over sessions (the events of a session are lost together), and latencies are not judged.";

/** The comparison as Markdown: warnings first, then what got worse, then every figure and how it was judged. */
export const renderComparisonMarkdown = (comparison: Comparison): string => {
  const { matched, regressions, warnings, onlyInA, onlyInB } = comparison;
  const unknown = matched
    .filter((pair) => pair.verdict.judgement === "not judged")
    .map(
      (pair) => `${pair.label}, ${bounceLabel(pair.bounce)}: ${pair.verdict.a} in A, ${pair.verdict.b} in B.`,
    );
  const table = tableOf(matched.flatMap(rowsOf), [
    { heading: "topology", align: "l", cell: ({ pair }) => pair.label },
    { heading: "bounce", align: "l", cell: ({ pair }) => bounceLabel(pair.bounce) },
    {
      heading: "verdict",
      align: "l",
      cell: ({ pair: { verdict } }) => (verdict.a === verdict.b ? verdict.a : `${verdict.a} → ${verdict.b}`),
    },
    { heading: "figure", align: "l", cell: ({ change }) => change.figure },
    { heading: "A", cell: ({ change }) => formatSpread(change.a, format(change)) },
    { heading: "B", cell: ({ change }) => formatSpread(change.b, format(change)) },
    { heading: "change", cell: ({ change }) => changeText(change) },
    { heading: "judged", align: "l", cell: ({ change }) => `${change.judgement}: ${change.how}` },
  ]);
  const conclusion =
    matched.length === 0
      ? "The two summaries have no run in common."
      : regressions.length === 0
        ? "Nothing that can be judged got worse."
        : "";
  return [
    "# Comparison of A and B",
    ...list("**Warnings**", warnings),
    ...list("**Got worse**", regressions),
    ...(conclusion === "" ? [] : [conclusion]),
    ...list("**Verdicts that cannot be compared**", unknown),
    ...(table === null ? [] : [table, LEGEND]),
    ...list("**Only in A**", onlyInA),
    ...list("**Only in B**", onlyInB),
  ].join("\n\n");
};
