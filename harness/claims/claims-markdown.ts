/** The judged statements as Markdown: one table, and the figures below it. */
import { escapeMarkdown, formatNumberOf } from "../report/format.ts";
import { tableOf } from "../report/tables/markdown-tables.ts";
import type { ClaimVerdict, JudgedCheck, JudgedClaim } from "./claim.ts";

const VERDICTS: readonly ClaimVerdict[] = ["confirmed", "qualified", "refuted", "not tested"];

const limitOf = ({ check }: JudgedCheck): string =>
  `${check.what}: ${check.is} ${check.format(check.limit)}`;

const shownIn = ({ reading }: JudgedCheck): string =>
  "missing" in reading ? `not measured: ${reading.missing}` : reading.shown;

const sourceIn = ({ reading }: JudgedCheck): string =>
  "missing" in reading || reading.source === null ? "" : ` (${reading.source})`;

const MARKS: Readonly<Record<JudgedCheck["state"], string>> = {
  holds: "holds",
  broken: "does not hold",
  open: "cannot be told",
  missing: "not measured",
};

const lineOf = (judged: JudgedCheck): string =>
  judged.state === "missing"
    ? `${limitOf(judged)}. ${shownIn(judged)}.`
    : `${limitOf(judged)}. Measured ${shownIn(judged)}${sourceIn(judged)}: ${MARKS[judged.state]}.`;

/** What decided: what does not hold, else what was checked first. */
const figuresOf = ({ checks, caveats, why }: JudgedClaim): string => {
  if (why !== null) return why;
  const all = [...checks, ...caveats];
  const decisive = all.filter(({ state }) => state === "broken");
  return (decisive.length > 0 ? decisive : checks)
    .map((judged) => `${judged.check.what}: ${shownIn(judged)}`)
    .join("; ");
};

export const claimsTable = (claims: readonly JudgedClaim[]): string =>
  tableOf(claims, [
    { heading: "statement", align: "l", cell: ({ claim }) => `“${claim.quote}”` },
    { heading: "verdict", align: "l", cell: ({ verdict }) => verdict },
    { heading: "figures that decide", align: "l", cell: figuresOf },
  ]) ?? "";

export const countSentence = (claims: readonly JudgedClaim[]): string =>
  `${formatNumberOf(claims.length, "statement")}: ` +
  VERDICTS.map(
    (verdict) => `${claims.filter((one) => one.verdict === verdict).length} ${verdict}`,
  ).join(", ") +
  ".";

/** Each statement with all that tests it. */
export const claimsInDetail = (claims: readonly JudgedClaim[]): string =>
  claims
    .map(({ claim, verdict, checks, caveats, why }) => {
      const lines = [
        `### ${claim.id}: ${verdict}`,
        `“${escapeMarkdown(claim.quote)}” (${escapeMarkdown(claim.place)})`,
        [
          ...checks.map((judged) => `- ${escapeMarkdown(lineOf(judged))}`),
          ...caveats.map((judged) => `- Qualified unless ${escapeMarkdown(lineOf(judged))}`),
          ...(checks.length === 0 && why !== null ? [`- Not tested: ${escapeMarkdown(why)}.`] : []),
        ].join("\n"),
      ];
      return lines.join("\n\n");
    })
    .join("\n\n");
