/** The output of `sse-lab compare A B`: Markdown, for terminals and pull-request comments. */
import {
  type Comparison,
  type FigureChange,
  isJudged,
  type MatchedRuns,
} from "./compare-summaries.ts";
import { DASH, escapeMarkdown, formatCount } from "../format.ts";
import { formatOf } from "../summary/figures.ts";
import { tableOf } from "../tables/markdown-tables.ts";
import { bounceLabel, formatSpread } from "../summary/run-group.ts";

const signed = (value: number, format: (size: number) => string): string =>
  `${value > 0 ? "+" : value < 0 ? "-" : ""}${format(Math.abs(value))}`;

const changeText = ({ figure, change: { change, interval, byRatio } }: FigureChange): string => {
  if (change === null) return DASH;
  const format = formatOf(figure);
  const shown = (value: number): string => (byRatio ? value.toFixed(2) : signed(value, format));
  const within = interval === null ? "" : ` [${shown(interval[0])}, ${shown(interval[1])}]`;
  return `${byRatio ? "x " : ""}${shown(change)}${within}`;
};

const rowsOf = (pair: MatchedRuns): { pair: MatchedRuns; change: FigureChange }[] =>
  pair.figures.map((change) => ({ pair, change }));

/** `3`, or `2 of 3` if figures leave out unknown runs. */
const countText = ({ measured, made }: MatchedRuns["runs"]["a"]): string =>
  measured === made ? formatCount(made) : `${formatCount(measured)} of ${formatCount(made)}`;

const list = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0
    ? []
    : [`${title}\n\n${lines.map((line) => `- ${escapeMarkdown(line)}`).join("\n")}`];

const LEGEND =
  "Means of the repeats and of their change, with 95 % in brackets; without brackets, single " +
  "values. A figure got worse or better if its change exceeds what counts and what chance " +
  "explains. All figures are judged together: of a hundred comparisons without a change, at most " +
  "five show any. With fewer than four repeats on a side, only shares and losses are judged, by " +
  "their sessions. Repeat both (`--repeat 5`) to see smaller changes.";

const NOTHING_JUDGED =
  "**Nothing could be judged.** Repeat both (`--repeat 5`), for few runs do not show how runs " +
  "differ by chance.";

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
    {
      heading: "runs",
      cell: ({ pair: { runs } }) => `${countText(runs.a)}, ${countText(runs.b)}`,
    },
    { heading: "figure", align: "l", cell: ({ change }) => change.figure },
    { heading: "A", cell: ({ change }) => formatSpread(change.a, formatOf(change.figure)) },
    { heading: "B", cell: ({ change }) => formatSpread(change.b, formatOf(change.figure)) },
    { heading: "change", cell: ({ change }) => changeText(change) },
    { heading: "judged", align: "l", cell: ({ change }) => `${change.judgement}: ${change.how}` },
  ]);
  const conclusion =
    matched.length === 0
      ? "**A and B have no run in common.**"
      : regressions.length > 0
        ? ""
        : isJudged(comparison)
          ? "**No change for the worse was seen.** The table says which would have been."
          : NOTHING_JUDGED;
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
