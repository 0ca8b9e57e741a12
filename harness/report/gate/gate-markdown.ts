/** What a gate found, as one screen of Markdown: for a job summary and a pull request's comment. */
import { answerOf } from "../answer/answer.ts";
import type { Comparison, FigureChange } from "../compare-reports/compare-summaries.ts";
import { escapeMarkdown, formatNumberOf } from "../format.ts";
import { formatOf } from "../summary/figures.ts";
import { bounceLabel, formatSpread, groupVerdict, runsNote } from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";
import { tableOf } from "../tables/markdown-tables.ts";
import type { Gate, GateRow } from "./judge-gate.ts";
import { LIMIT_NAMES, type LimitName } from "./thresholds.ts";

/** By this, the comment of an earlier push is found and replaced. */
export const COMMENT_MARKER = "<!-- sse-lab gate -->";

const SIGNS = { passed: "✅", failed: "❌", "not judged": "❔" } as const;

const HEADINGS: Readonly<Record<LimitName, string>> = {
  lost: "lost",
  stuck: "stuck",
  p50: "delivery p50",
  p99: "delivery p99",
  backWithin: "all back after",
};

const cell = ({ checks }: GateRow, name: LimitName): string => {
  const check = checks.find((one) => one.name === name);
  if (check === undefined || check.shown === "") return "";
  if (check.limit === null) return check.shown;
  return `${check.shown} (${check.word === "passed" ? "" : `${check.word}: `}limit ${check.limit})`;
};

const changesOf = (
  { matched }: Comparison,
  wanted: FigureChange["judgement"],
): { topology: string; bounce: string; change: FigureChange }[] =>
  matched.flatMap(({ label, bounce, figures }) =>
    figures
      .filter(({ judgement }) => judgement === wanted)
      .map((change) => ({ topology: label, bounce: bounceLabel(bounce), change })),
  );

const comparisonBlocks = (comparison: Comparison): (string | null)[] => {
  const [worse, better, same, open] = (["worse", "better", "none seen", "not judged"] as const).map(
    (word) => changesOf(comparison, word),
  ) as [Changes, Changes, Changes, Changes];
  const counts =
    `${formatNumberOf(worse.length, "figure")} worse, ${better.length} better, ` +
    `${same.length} without a change that was seen, ${open.length} not judged.`;
  return [
    `**Compared with the base:** ${counts}`,
    tableOf(
      [...worse, ...better],
      [
        { heading: "topology", align: "l", cell: ({ topology }) => topology },
        { heading: "bounce", align: "l", cell: ({ bounce }) => bounce },
        { heading: "figure", align: "l", cell: ({ change }) => change.figure },
        { heading: "base", cell: ({ change }) => formatSpread(change.a, formatOf(change.figure)) },
        { heading: "now", cell: ({ change }) => formatSpread(change.b, formatOf(change.figure)) },
        {
          heading: "judged",
          align: "l",
          cell: ({ change }) => `${change.judgement}: ${change.how}`,
        },
      ],
    ),
    ...comparison.warnings.map((warning) => `- ${escapeMarkdown(warning)}`),
  ];
};
type Changes = ReturnType<typeof changesOf>;

/** Limits beside figures, then the comparison with the base. */
export const renderGate = (gate: Gate, summary: Summary): string => {
  const table = tableOf(gate.rows, [
    { heading: "", align: "l", cell: ({ word }) => SIGNS[word] },
    { heading: "topology", align: "l", cell: ({ group }) => group.topology + runsNote(group) },
    { heading: "bounce", align: "l", cell: ({ group }) => bounceLabel(group.bounce) },
    { heading: "verdict", align: "l", cell: ({ group }) => groupVerdict(group) },
    ...LIMIT_NAMES.map((name) => ({
      heading: HEADINGS[name],
      cell: (row: GateRow) => cell(row, name),
    })),
  ]);
  const blocks = [
    COMMENT_MARKER,
    `### ${SIGNS[gate.word]} SSE scaling lab: ${gate.word}`,
    escapeMarkdown(answerOf(summary).sentences.join(" ")),
    gate.reasons.length === 0
      ? null
      : gate.reasons.map((reason) => `- ${escapeMarkdown(reason)}`).join("\n"),
    table,
    ...(gate.comparison === null ? [] : comparisonBlocks(gate.comparison)),
  ];
  return `${blocks.filter((block) => block !== null).join("\n\n")}\n`;
};
