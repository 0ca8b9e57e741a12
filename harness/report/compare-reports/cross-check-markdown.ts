/** The output of `sse-lab cross-check A B`: Markdown, for terminals and pull-request comments. */
import type {
  CrossCheck,
  CrossGroup,
  NotCompared,
} from "../../checker/compare-engines/cross-check.ts";
import type { CrossFinding, Side } from "../../checker/compare-engines/cross-finding.ts";
import { DASH, escapeMarkdown, formatCount, formatPercent } from "../format.ts";
import { tableOf } from "../tables/markdown-tables.ts";
import { bounceLabel } from "../summary/run-group.ts";

/** One side: the engine's name and the path of its results. */
export interface CrossSide {
  engine: string;
  path: string;
}

export type CrossSides = Readonly<Record<Side, CrossSide>>;

const CONCLUSIONS: Readonly<Record<CrossCheck["agreement"], string>> = {
  agree: "**They agree.**",
  differ: "**They differ.** An engine or its client is wrong, or the runs were not the same.",
  "cannot tell": "**Undecided.** Nothing comparable differs, but not every run could be compared.",
};

const LEGEND =
  "In steady state, each pair is compared with the same pair on the other side. With chance " +
  "routing or a bounce, shares of each session's events are compared instead. Two sides differ " +
  "if the gap exceeds what chance explains, two percentage points, and any difference in the " +
  "bounces' duration. All shares are judged together: at most 5 % of the checks of two equal " +
  "engines show any difference. A gap below `would be seen from` would not be seen.";

const SINGLE =
  "If a side has a single run, the scatter between runs is assumed (10 % of the share). Repeat " +
  "both (`--repeat 5`) for a closer comparison.";

/** True if shares were compared and a side has no spread. */
const isSingle = ({ runs, shares }: CrossGroup): boolean =>
  shares.length > 0 && Math.min(runs.a, runs.b) === 1;

/** The cross-check as Markdown: the conclusion, the differences by side, then what was compared. */
export function renderCrossCheck(check: CrossCheck, sides: CrossSides): string {
  const names = namesOf(sides);
  const { agreement, findings, shared, compared, notCompared } = check;
  return [
    `# Cross-check of A and B\n\n${CONCLUSIONS[agreement]}`,
    `- A: ${escapeMarkdown(describe(sides.A))}\n- B: ${escapeMarkdown(describe(sides.B))}`,
    ...list(
      "**Different**",
      findings.map((finding) => findingSentence(finding, names)),
    ),
    ...list(
      "**Wrong on both sides alike, so no difference**",
      shared.map((finding) => findingSentence(finding, names)),
    ),
    ...list(
      "**Not compared**",
      notCompared.map((run) => notComparedSentence(run, names)),
    ),
    ...(compared.length === 0 ? [] : [groupsTable(compared), LEGEND]),
    ...(compared.some(isSingle) ? [SINGLE] : []),
  ].join("\n\n");
}

const describe = ({ engine, path }: CrossSide): string => `engine ${engine}, ${path}`;

const list = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0
    ? []
    : [`${title}\n\n${lines.map((line) => `- ${escapeMarkdown(line)}`).join("\n")}`];

type Names = Readonly<Record<Side, string>>;

/** The engines' names, with the side if both are the same. */
export const namesOf = ({ A, B }: CrossSides): Names =>
  A.engine === B.engine
    ? { A: `${A.engine} (A)`, B: `${B.engine} (B)` }
    : { A: A.engine, B: B.engine };

/** One finding as a sentence: the engine, what, how many, and some sessions. */
export function findingSentence(finding: CrossFinding, names: Names): string {
  const { topology, bounce, sessions, inSessions } = finding;
  const more = inSessions - sessions.length;
  const who =
    sessions.length === 0
      ? ""
      : ` (${sessions.join(", ")}${more > 0 ? ` and ${formatCount(more)} more` : ""})`;
  return `${topology}, ${bounceLabel(bounce)}: ${whatOf(finding, names)}${who}.`;
}

const CLOCK_SAYS: Readonly<Record<string, string>> = {
  contradictory: "got contradictory readings of the instances' clocks",
  "too far": "does not know the instances' clocks well enough to order events",
};

function whatOf({ kind, side, detail, outcomes, count }: CrossFinding, names: Names): string {
  const many = (one: string, several = `${one}s`): string =>
    `${formatCount(count)} ${count === 1 ? one : several}`;
  const whose = side === null ? "both engines" : names[side];
  const other = side === null ? "" : names[side === "A" ? "B" : "A"];
  switch (kind) {
    case "due":
      return (
        `${many("pair is", "pairs are")} due only with ${whose}, so the engines did not run ` +
        "the same plan"
      );
    case "beyond-plan":
      return `${many("more pair", "more pairs")} beyond the plan with ${whose} than with ${other}`;
    case "outcome":
      return (
        `${many("pair is", "pairs are")} ${words(outcomes?.a)} with ${names.A} and ` +
        `${words(outcomes?.b)} with ${names.B}`
      );
    case "share":
      return (
        `${SHARE_SAYS[detail ?? ""] ?? detail}: ` +
        `${side === null ? "the engines differ" : `more with ${whose} than with ${other}`}, ` +
        `beyond chance and bounce duration, in ${many("run")}`
      );
    case "never-ended":
      return `${many("session")} never ended with ${whose} but did with ${other}`;
    case "duplicated":
      return `${many("more duplicate", "more duplicates")} arrived with ${whose} than with ${other}`;
    case "connections":
      return (
        `${many("session has", "sessions have")} more streams with ${whose} than with ` +
        `${other} in steady state`
      );
    case "no-last-event-id":
      return (
        `${whose} sent no Last-Event-ID: it opened ${many("stream")} as if it had received ` +
        "no event before"
      );
    case "stray":
      return (
        `${whose} read ${many("event")} named "${detail ?? ""}" that ` +
        `${count === 1 ? "belongs" : "belong"} to no pipeline run: comments read as events, ` +
        "or unknown events"
      );
    case "clock":
      return `${whose} ${CLOCK_SAYS[detail ?? ""] ?? "has a wrong clock"} in ${many("run")}`;
  }
}

const SHARE_SAYS: Readonly<Record<string, string>> = {
  lost: "events lost",
  missed: "events missed",
  "never ended": "sessions that never ended",
  duplicated: "sessions with duplicates",
};

const words = (outcome: string | undefined): string =>
  outcome === "neverPublished" ? "never published" : (outcome ?? "");

function notComparedSentence(
  { topology, bounce, repeat, side, why, reason }: NotCompared,
  names: Names,
): string {
  const run = `${topology}, ${bounceLabel(bounce)}${repeat === null ? "" : `, repeat ${repeat}`}`;
  if (why === "alone") return `${run}: only ${names[side]} has such runs.`;
  return `${run}: unknown with ${names[side]}. ${reason ?? ""}`.trim();
}

interface Row {
  group: CrossGroup;
  share: CrossGroup["shares"][number] | null;
}

function groupsTable(groups: readonly CrossGroup[]): string {
  const rows = groups.flatMap((group): Row[] =>
    group.shares.length === 0
      ? [{ group, share: null }]
      : group.shares.map((share) => ({ group, share })),
  );
  const table = tableOf(rows, [
    { heading: "topology", align: "l", cell: ({ group }) => group.topology },
    { heading: "bounce", align: "l", cell: ({ group }) => bounceLabel(group.bounce) },
    { heading: "runs of A, B", cell: ({ group }) => `${group.runs.a}, ${group.runs.b}` },
    {
      heading: "compared",
      align: "l",
      cell: ({ group, share }) =>
        share === null
          ? `${formatCount(group.pairs)} pairs, one by one`
          : (SHARE_SAYS[share.share] ?? share.share),
    },
    { heading: "A", cell: ({ share }) => (share === null ? DASH : formatPercent(share.a)) },
    { heading: "B", cell: ({ share }) => (share === null ? DASH : formatPercent(share.b)) },
    {
      heading: "would be seen from",
      cell: ({ share }) => (share === null ? DASH : formatPercent(share.seen)),
    },
  ]);
  return table ?? "";
}
