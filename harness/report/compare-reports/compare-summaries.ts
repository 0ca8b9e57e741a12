/**
 * Compares two summaries for `sse-lab compare A B`: what changed from A to B, and whether chance
 * explains it.
 */
import { isDeepStrictEqual } from "node:util";
import type { RunResult, Verdict } from "../../checker/run-result.ts";
import { type Judgement, judgeDifferences } from "../../checker/statistics/judge-differences.ts";
import {
  type Figure,
  figuresOf,
  figureSpread,
  questionOf,
  saysHowJudged,
} from "../summary/figures.ts";
import { interruption } from "../summary/missing-runs.ts";
import {
  type RunGroup,
  bounceLabel,
  groupRuns,
  measuredVerdict,
  type Spread,
} from "../summary/run-group.ts";
import { standInSentence, topologyLabel } from "../realtime-implementation-note.ts";
import type { Summary } from "../summary/summary.ts";

export type JudgementWord = "worse" | "better" | "none seen" | "not judged";

export interface FigureChange {
  figure: string;
  a: Spread | null;
  b: Spread | null;
  /** From A to B, with its 95 % and what would be seen, in the unit of the figure. */
  change: Omit<Judgement, "direction">;
  /** `none seen`: the two cannot be told apart. */
  judgement: JudgementWord;
  /** How it was judged, one clause. */
  how: string;
}

interface RunCount {
  measured: number;
  made: number;
}

export interface MatchedRuns {
  topology: string;
  /** The topology, with the stand-in if both sides used the same. */
  label: string;
  bounce: RunResult["bounce"];
  verdict: { a: Verdict; b: Verdict; judgement: JudgementWord };
  /** Runs that figures are taken from, of all that were made. */
  runs: { a: RunCount; b: RunCount };
  figures: FigureChange[];
}

export interface Comparison {
  /** Why the two may not be comparable: one sentence per differing field. */
  warnings: string[];
  matched: MatchedRuns[];
  /** Topology and bounce of runs that the other side lacks. */
  onlyInA: string[];
  onlyInB: string[];
  /** One sentence for each figure or verdict that got worse. */
  regressions: string[];
}

const WORDS = {
  higher: "worse",
  lower: "better",
  "none seen": "none seen",
  "not judged": "not judged",
} as const;

const changeOf = (
  { a, b, figure }: { a: RunGroup; b: RunGroup; figure: Figure },
  { direction, ...change }: Judgement,
): FigureChange => ({
  figure: figure.name,
  a: figureSpread(a, figure),
  b: figureSpread(b, figure),
  change,
  judgement: WORDS[direction],
  how: a.trusted && b.trusted ? saysHowJudged(change, figure) : "every run on one side is unknown",
});

const judgeVerdict = (a: Verdict, b: Verdict): JudgementWord => {
  if (a === "unknown" || b === "unknown") return "not judged";
  if (a === b) return "none seen";
  return b === "invalid" ? "worse" : "better";
};

/** None can be trusted if all are unknown, though their figures are shown. */
const runsOf = ({ trusted, measured, runs }: RunGroup): RunCount => ({
  measured: trusted ? measured.length : 0,
  made: runs.length,
});

/** Differences in the load or in what runs it: they, not the topology, may explain a change. */
const warningsOf = (a: Summary, b: Summary): string[] => {
  const setting = (field: string, ofA: unknown, ofB: unknown): string[] =>
    isDeepStrictEqual(ofA, ofB)
      ? []
      : [
          `not comparable: ${field} is ${JSON.stringify(ofA)} in A and ${JSON.stringify(ofB)} in B.`,
        ];
  const scenarioFields = Object.keys(a.scenario) as (keyof Summary["scenario"])[];
  const incomplete = (side: string, summary: Summary): string[] => {
    const interrupted = interruption(summary);
    return interrupted === null ? [] : [`${side} is incomplete: it was ${interrupted}.`];
  };
  return [
    ...incomplete("A", a),
    ...incomplete("B", b),
    ...setting("platform", a.platform, b.platform),
    ...setting("engine", a.engine, b.engine),
    ...setting("the engine's stand-in", a.engineStandIn, b.engineStandIn),
    ...setting("client", a.client, b.client),
    ...setting("seed", a.seed, b.seed),
    ...scenarioFields
      // These decide which runs exist, not how a run that both sides have was made.
      .filter((field) => !["topologies", "bounces", "repeat", ...OF_REALTIME].includes(field))
      .flatMap((field) => setting(`scenario.${field}`, a.scenario[field], b.scenario[field])),
    ...OF_REALTIME.filter((field) => a.scenario[field] !== b.scenario[field]).map(
      (field) =>
        `scenario.${field} is ${JSON.stringify(a.scenario[field])} in A and ` +
        `${JSON.stringify(b.scenario[field])} in B. This affects only topologies with ` +
        "Realtime.",
    ),
    ...realtimeWarnings(a, b),
    ...(isDeepStrictEqual(a.host, b.host)
      ? []
      : ["the hosts differ: compare losses, not latencies or reconnect times."]),
  ];
};

/** Settings of topologies with Realtime only: often the very thing to compare. */
const OF_REALTIME = ["catchUp", "realtimePlan", "realtimePublish", "overQuota"] as const;

/** Which Realtime implementation each side used, if one is a stand-in or they differ. */
const realtimeWarnings = (a: Summary, b: Summary): string[] => {
  const parts = ({ runs }: Summary): string =>
    [...new Set(runs.flatMap(({ realtime }) => realtime?.part ?? []))].sort().join(", ");
  const standIn = standInSentence(groupRuns([...a.runs, ...b.runs]));
  const differ = parts(a) !== "" && parts(b) !== "" && parts(a) !== parts(b);
  return [
    ...(differ
      ? [
          `A used ${parts(a)} as Realtime and B used ${parts(b)}: ` +
            "do not compare latencies and costs of topologies with Realtime.",
        ]
      : []),
    ...(standIn === null ? [] : [standIn]),
  ];
};

const label = (group: { topology: string; label?: string; bounce: RunResult["bounce"] }): string =>
  `${group.label ?? group.topology}, ${bounceLabel(group.bounce)}`;

const regressionsOf = (pair: MatchedRuns): string[] => [
  ...(pair.verdict.judgement === "worse"
    ? [`${label(pair)}: the verdict went from ${pair.verdict.a} to ${pair.verdict.b}.`]
    : []),
  ...pair.figures
    .filter((change) => change.judgement === "worse")
    .map((change) => `${label(pair)}: ${change.figure} got worse (${change.how}).`),
];

/** False if there is too little of everything to tell whether it changed. */
export const isJudged = ({ matched }: Comparison): boolean =>
  matched.some(({ figures }) => figures.some(({ judgement }) => judgement !== "not judged"));

/**
 * Compares the runs that both summaries have. Warns of different settings but does not refuse them.
 */
export const compareSummaries = (a: Summary, b: Summary): Comparison => {
  const [groupsA, groupsB] = [groupRuns(a.runs), groupRuns(b.runs)];
  const same = (one: RunGroup) => (other: RunGroup) =>
    one.topology === other.topology && one.bounce === other.bounce;
  const pairs = groupsA.flatMap((groupA) => {
    const groupB = groupsB.find(same(groupA));
    return groupB ? [{ a: groupA, b: groupB }] : [];
  });
  const asked = pairs.flatMap((pair) =>
    figuresOf([pair.a, pair.b]).map((figure) => ({ ...pair, figure })),
  );
  const judgements = judgeDifferences(asked.map((ask) => questionOf(ask.a, ask.b, ask.figure)));
  const matched = pairs.map((pair): MatchedRuns => {
    const { topology, bounce } = pair.a;
    const verdict = { a: measuredVerdict(pair.a), b: measuredVerdict(pair.b) };
    const [labelA, labelB] = [topologyLabel(pair.a), topologyLabel(pair.b)];
    return {
      topology,
      label: labelA === labelB ? labelA : topology,
      bounce,
      verdict: { ...verdict, judgement: judgeVerdict(verdict.a, verdict.b) },
      runs: { a: runsOf(pair.a), b: runsOf(pair.b) },
      figures: asked.flatMap((ask, index) =>
        ask.a === pair.a ? [changeOf(ask, judgements[index] as Judgement)] : [],
      ),
    };
  });
  return {
    warnings: warningsOf(a, b),
    matched,
    onlyInA: groupsA.filter((group) => !groupsB.some(same(group))).map(label),
    onlyInB: groupsB.filter((group) => !groupsA.some(same(group))).map(label),
    regressions: matched.flatMap(regressionsOf),
  };
};
