/**
 * Compares two summaries for `sse-lab compare A B`: what changed from A to B, and whether chance
 * explains it.
 */
import { isDeepStrictEqual } from "node:util";
import type { RunResult, Verdict } from "../../checker/run-result.ts";
import { judgeDifference } from "../summary/difference.ts";
import { interruption } from "../summary/missing-runs.ts";
import {
  type RunGroup,
  bounceLabel,
  groupRuns,
  groupSpread,
  measuredVerdict,
  type Spread,
} from "../summary/run-group.ts";
import { standInSentence, topologyLabel } from "../realtime-implementation-note.ts";
import type { Summary } from "../summary/summary.ts";

export type FigureName = "lost" | "missed" | "stuck streams" | "p99 latency";
export type Judgement = "worse" | "better" | "same" | "not judged";

export interface FigureChange {
  figure: FigureName;
  a: Spread | null;
  b: Spread | null;
  /**
   * Of the medians. `lost` and `missed`: b - a as a ratio. `stuck streams`: b - a as a count. `p99
   * latency`: b / a. Null if not measured on both sides.
   */
  change: number | null;
  judgement: Judgement;
  /** How it was judged, one clause. */
  how: string;
}

export interface MatchedRuns {
  topology: string;
  /** The topology, with the stand-in if both sides used the same. */
  label: string;
  bounce: RunResult["bounce"];
  verdict: { a: Verdict; b: Verdict; judgement: Judgement };
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

interface Figure {
  name: FigureName;
  /** What is shown. */
  shown: (run: RunResult) => number | null;
  /** The judged figure, if its scale differs from the shown one. */
  judged?: (run: RunResult) => number;
  kind: "share of sessions" | "time";
}

const FIGURES: readonly Figure[] = [
  { name: "lost", shown: (run) => run.lossRatio, kind: "share of sessions" },
  { name: "missed", shown: (run) => run.missedRatio, kind: "share of sessions" },
  {
    name: "stuck streams",
    shown: (run) => run.stuckStreams,
    // As a share, so that a summary with more sessions does not look worse.
    judged: (run) => (run.sessions > 0 ? run.stuckStreams / run.sessions : 0),
    kind: "share of sessions",
  },
  { name: "p99 latency", shown: (run) => run.latencyMs?.p99 ?? null, kind: "time" },
];

const JUDGEMENT = {
  higher: "worse",
  lower: "better",
  same: "same",
  "not judged": "not judged",
} as const;

const changeOf = (a: Spread | null, b: Spread | null, kind: Figure["kind"]): number | null => {
  if (a === null || b === null) return null;
  if (kind === "time") return a.median > 0 ? b.median / a.median : null;
  return b.median - a.median;
};

const compareFigure = (a: RunGroup, b: RunGroup, figure: Figure): FigureChange => {
  const [spreadA, spreadB] = [groupSpread(a, figure.shown), groupSpread(b, figure.shown)];
  const measured = {
    figure: figure.name,
    a: spreadA,
    b: spreadB,
    change: changeOf(spreadA, spreadB, figure.kind),
  };
  if (!a.trusted || !b.trusted)
    return { ...measured, judgement: "not judged", how: "every run on one side is unknown" };
  const sample = (group: RunGroup) => ({
    values: group.measured.map(figure.judged ?? figure.shown).filter((value) => value !== null),
    ...(figure.kind === "time"
      ? {}
      : { trials: Math.min(...group.measured.map((run) => run.sessions)) }),
  });
  const { direction, how } = judgeDifference(sample(a), sample(b));
  return { ...measured, judgement: JUDGEMENT[direction], how };
};

const judgeVerdict = (a: Verdict, b: Verdict): Judgement => {
  if (a === "unknown" || b === "unknown") return "not judged";
  if (a === b) return "same";
  return b === "invalid" ? "worse" : "better";
};

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

/**
 * Compares the runs that both summaries have. Warns of different settings but does not refuse them.
 */
export const compareSummaries = (a: Summary, b: Summary): Comparison => {
  const [groupsA, groupsB] = [groupRuns(a.runs), groupRuns(b.runs)];
  const same = (one: RunGroup) => (other: RunGroup) =>
    one.topology === other.topology && one.bounce === other.bounce;
  const matched = groupsA.flatMap((groupA): MatchedRuns[] => {
    const groupB = groupsB.find(same(groupA));
    if (!groupB) return [];
    const verdict = { a: measuredVerdict(groupA), b: measuredVerdict(groupB) };
    return [
      {
        topology: groupA.topology,
        label:
          topologyLabel(groupA) === topologyLabel(groupB) ? topologyLabel(groupA) : groupA.topology,
        bounce: groupA.bounce,
        verdict: { ...verdict, judgement: judgeVerdict(verdict.a, verdict.b) },
        figures: FIGURES.map((figure) => compareFigure(groupA, groupB, figure)),
      },
    ];
  });
  return {
    warnings: warningsOf(a, b),
    matched,
    onlyInA: groupsA.filter((group) => !groupsB.some(same(group))).map(label),
    onlyInB: groupsB.filter((group) => !groupsA.some(same(group))).map(label),
    regressions: matched.flatMap(regressionsOf),
  };
};
