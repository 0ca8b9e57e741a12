/** What `sse-lab cross-check A B` prints: Markdown, which reads well in a terminal and in a pull-request comment. */
import type { CrossCheck, CrossGroup, NotCompared } from "../../checker/compare-engines/cross-check.ts";
import type { CrossFinding, Side } from "../../checker/compare-engines/cross-finding.ts";
import { DASH, escapeMarkdown, formatCount, formatPercent } from "../format.ts";
import { tableOf } from "../tables/markdown-tables.ts";
import { bounceLabel } from "../summary/run-group.ts";

/** One side: the engine by its name, and where its results are. */
export interface CrossSide {
  engine: string;
  path: string;
}

export type CrossSides = Readonly<Record<Side, CrossSide>>;

const CONCLUSIONS: Readonly<Record<CrossCheck["agreement"], string>> = {
  agree: "**They agree.**",
  differ: "**They differ.** One of the engines, or its client, is wrong, or their runs were not the same.",
  "cannot tell": "**It cannot be told whether they agree.** Nothing that could be compared differs.",
};

const LEGEND =
  "In steady state every pair is compared with its own on the other side. Where the topology routes by chance, and under a bounce, shares of sessions' events are: they differ when the repeats of the two sides are further apart than the repeats of either, and than chance (four standard errors over sessions), two points and a bounce that lasted longer explain together: `may differ by`.";

const SINGLE =
  "Where a side has a single run, what differs from run to run cannot be seen, only what differs from session to session: repeat both (`--repeat 3`) to compare more closely.";

/** Shares of which one side has no spread. */
const isSingle = ({ runs, shares }: CrossGroup): boolean =>
  shares.length > 0 && Math.min(runs.a, runs.b) === 1;

/** The cross-check as Markdown: the conclusion, what differs and whose it is, then what was compared. */
export function renderCrossCheck(check: CrossCheck, sides: CrossSides): string {
  const names = namesOf(sides);
  const { agreement, findings, shared, compared, notCompared } = check;
  return [
    `# Cross-check of A and B\n\n- A: ${escapeMarkdown(describe(sides.A))}\n- B: ${escapeMarkdown(describe(sides.B))}`,
    CONCLUSIONS[agreement],
    ...list(
      "**Different**",
      findings.map((finding) => findingSentence(finding, names)),
    ),
    ...list(
      "**Wrong on both sides, and no difference therefore**",
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
  lines.length === 0 ? [] : [`${title}\n\n${lines.map((line) => `- ${escapeMarkdown(line)}`).join("\n")}`];

type Names = Readonly<Record<Side, string>>;

/** The engines' names; with the side where both are the same. */
export const namesOf = ({ A, B }: CrossSides): Names =>
  A.engine === B.engine ? { A: `${A.engine} (A)`, B: `${B.engine} (B)` } : { A: A.engine, B: B.engine };

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
  contradictory: "readings of the instances' clocks that contradict each other",
  "too far": "the instances' clocks not well enough to say in which order things happened",
};

function whatOf({ kind, side, detail, outcomes, count }: CrossFinding, names: Names): string {
  const many = (one: string, several = `${one}s`): string =>
    `${formatCount(count)} ${count === 1 ? one : several}`;
  const whose = side === null ? "both engines" : names[side];
  const other = side === null ? "" : names[side === "A" ? "B" : "A"];
  switch (kind) {
    case "due":
      return `${many("pair is", "pairs are")} due with ${whose} only, so the engines did not drive the same plan`;
    case "beyond-plan":
      return `${many("more pair", "more pairs")} beyond the plan with ${whose} than with ${other}`;
    case "outcome":
      return `${many("pair is", "pairs are")} ${words(outcomes?.a)} with ${names.A} and ${words(outcomes?.b)} with ${names.B}`;
    case "share":
      return `${SHARE_SAYS[detail ?? ""] ?? detail}: ${side === null ? "the engines differ" : `more with ${whose} than with ${other}`} by more than chance and the bounces explain, in ${many("run")}`;
    case "never-ended":
      return `${many("session")} never ended with ${whose}, and did with ${other}`;
    case "duplicated":
      return `${many("more duplicate", "more duplicates")} received with ${whose} than with ${other}`;
    case "connections":
      return `${many("session has", "sessions have")} more streams with ${whose} than with ${other}, although nothing was disturbed`;
    case "no-last-event-id":
      return `${whose} sent no Last-Event-ID: ${many("stream")} opened as if no event had been received before`;
    case "stray":
      return `${whose} read ${many("event")} named "${detail ?? ""}" that ${count === 1 ? "is" : "are"} none of a pipeline run: comments taken for events, or events that the contract does not know`;
    case "clock":
      return `${whose} has ${CLOCK_SAYS[detail ?? ""] ?? "a clock that is off"} in ${many("run")}`;
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
    group.shares.length === 0 ? [{ group, share: null }] : group.shares.map((share) => ({ group, share })),
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
    { heading: "may differ by", cell: ({ share }) => (share === null ? DASH : formatPercent(share.allowed)) },
  ]);
  return table ?? "";
}
