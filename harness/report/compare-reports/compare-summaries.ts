/** Two summaries side by side, as `sse-lab compare A B` shows them: what changed from A to B, and whether chance explains it. */
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
  /** `lost` and `missed`: b - a as a ratio. `stuck streams`: b - a as a count. `p99 latency`: b / a. Medians; null when not measured on both sides. */
  change: number | null;
  judgement: Judgement;
  /** How it was judged, one clause. */
  how: string;
}

export interface MatchedRuns {
  topology: string;
  /** The topology, with the stand-in that both sides were measured on. */
  label: string;
  bounce: RunResult["bounce"];
  verdict: { a: Verdict; b: Verdict; judgement: Judgement };
  figures: FigureChange[];
}

export interface Comparison {
  /** Why the two may not be comparable, one sentence for each field that differs. */
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
  /** What is judged, when that is another scale than what is shown. */
  judged?: (run: RunResult) => number;
  kind: "share of sessions" | "time";
}

const FIGURES: readonly Figure[] = [
  { name: "lost", shown: (run) => run.lossRatio, kind: "share of sessions" },
  { name: "missed", shown: (run) => run.missedRatio, kind: "share of sessions" },
  {
    name: "stuck streams",
    shown: (run) => run.stuckStreams,
    // As a share, so that a summary with more sessions is not worse for being larger.
    judged: (run) => (run.sessions > 0 ? run.stuckStreams / run.sessions : 0),
    kind: "share of sessions",
  },
  { name: "p99 latency", shown: (run) => run.latencyMs?.p99 ?? null, kind: "time" },
];

const JUDGEMENT = { higher: "worse", lower: "better", same: "same", "not judged": "not judged" } as const;

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
    return { ...measured, judgement: "not judged", how: "every run of a side is unknown" };
  const sample = (group: RunGroup) => ({
    values: group.measured.map(figure.judged ?? figure.shown).filter((value) => value !== null),
    ...(figure.kind === "time" ? {} : { trials: Math.min(...group.measured.map((run) => run.sessions)) }),
  });
  const { direction, how } = judgeDifference(sample(a), sample(b));
  return { ...measured, judgement: JUDGEMENT[direction], how };
};

const judgeVerdict = (a: Verdict, b: Verdict): Judgement => {
  if (a === "unknown" || b === "unknown") return "not judged";
  if (a === b) return "same";
  return b === "invalid" ? "worse" : "better";
};

/** Fields that have to agree for a difference to be the topology's: anything else changes the load or what runs it. */
const warningsOf = (a: Summary, b: Summary): string[] => {
  const setting = (field: string, ofA: unknown, ofB: unknown): string[] =>
    isDeepStrictEqual(ofA, ofB)
      ? []
      : [`not comparable: ${field} is ${JSON.stringify(ofA)} in A and ${JSON.stringify(ofB)} in B.`];
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
    ...setting("what played the engine", a.engineStandIn, b.engineStandIn),
    ...setting("client", a.client, b.client),
    ...setting("seed", a.seed, b.seed),
    ...scenarioFields
      // Which runs there are and how often is no difference between those that both have.
      .filter((field) => !["topologies", "bounces", "repeat", ...OF_REALTIME].includes(field))
      .flatMap((field) => setting(`scenario.${field}`, a.scenario[field], b.scenario[field])),
    ...OF_REALTIME.filter((field) => a.scenario[field] !== b.scenario[field]).map(
      (field) =>
        `scenario.${field} is ${JSON.stringify(a.scenario[field])} in A and ${JSON.stringify(b.scenario[field])} in B: of topologies with Realtime, that is what is compared; others are not touched by it.`,
    ),
    ...playedBy(a, b),
    ...(isDeepStrictEqual(a.host, b.host)
      ? []
      : ["the hosts differ: latencies and reconnect times are not comparable, losses are."]),
  ];
};

/** What only topologies with Realtime are set up with: often the very thing that is compared. */
const OF_REALTIME = ["catchUp", "realtimePlan", "realtimePublish", "overQuota"] as const;

/** Where a stand-in played Realtime on a side, or something else on each. */
const playedBy = (a: Summary, b: Summary): string[] => {
  const parts = ({ runs }: Summary): string =>
    [...new Set(runs.flatMap(({ realtime }) => realtime?.part ?? []))].sort().join(", ");
  const standIn = standInSentence(groupRuns([...a.runs, ...b.runs]));
  const differ = parts(a) !== "" && parts(b) !== "" && parts(a) !== parts(b);
  return [
    ...(differ
      ? [
          `Realtime was played by ${parts(a)} in A and by ${parts(b)} in B: latencies and costs of its topologies are not comparable.`,
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

/** Compares the runs that both summaries have; warns of, and does not refuse, summaries that were made differently. */
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
        label: topologyLabel(groupA) === topologyLabel(groupB) ? topologyLabel(groupA) : groupA.topology,
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
