/** Whether two engines, driven by one plan, report the same about the same topologies. */
import { type Judgement, judgeDifferences, meanOf } from "../statistics/judge-differences.ts";
import { CrossFindings, defectsOf, type CrossFinding, type Side } from "./cross-finding.ts";
import {
  type CrossRun,
  type CrossSession,
  meanShare,
  sessionsWith,
  SHARE_NAMES,
  shareQuestion,
  type ShareName,
} from "./cross-run.ts";

/** What was compared for one topology under one bounce. */
export interface CrossGroup {
  topology: string;
  bounce: CrossRun["bounce"];
  /** Runs of each side. */
  runs: { a: number; b: number };
  /**
   * Planned pairs compared one by one; null if chance or a bounce decides, so that shares were
   * compared.
   */
  pairs: number | null;
  /**
   * Means over the runs, and the smallest difference that would be seen (null if none would).
   * Empty if pairs were compared.
   */
  shares: { share: ShareName; a: number; b: number; seen: number | null }[];
}

/** A run, or all runs of a topology and bounce, without a counterpart. */
export interface NotCompared {
  topology: string;
  bounce: CrossRun["bounce"];
  /** Null: all of them. */
  repeat: number | null;
  side: Side;
  /** `alone`: the other side has no such run. */
  why: "unknown" | "alone";
  /** Of an unknown run: its first reason. */
  reason: string | null;
}

export interface CrossCheck {
  agreement: "agree" | "differ" | "cannot tell";
  findings: CrossFinding[];
  /** Defects of both sides alike: no difference. `count` covers both. */
  shared: CrossFinding[];
  compared: CrossGroup[];
  notCompared: NotCompared[];
}

/**
 * Compares the runs of two engines, by topology and bounce.
 *
 * - Due pairs come from the plan, so both sides have the same.
 * - In steady state, each pair has the same outcome and each session the same number of streams,
 *   except with chance routing.
 * - With chance routing or a bounce, the shares of lost and missed events, and of sessions without
 *   an end or with duplicates, do not differ by {@link judgeDifferences}, all judged together.
 *   Single pairs differ by chance: each run draws anew which session is on the bounced instance.
 * - Defects of an engine come from unknown runs too; everything else needs trusted runs.
 *
 * Agreement: `differ` with any finding; else `cannot tell` if a run is unknown or nothing could be
 * compared.
 */
export function crossCheck(a: readonly CrossRun[], b: readonly CrossRun[]): CrossCheck {
  const check: CrossCheck = {
    agreement: "agree",
    findings: [],
    shared: [],
    compared: [],
    notCompared: [],
  };
  const byName = new Map(
    [...a, ...b].map((run) => [JSON.stringify([run.topology, run.bounce]), run]),
  );
  const groups = [...byName.keys()].sort().map((key): Group => {
    const { topology, bounce } = byName.get(key) as CrossRun;
    const ofGroup = (runs: readonly CrossRun[]): CrossRun[] =>
      runs.filter((run) => run.topology === topology && run.bounce === bounce);
    return { topology, bounce, a: ofGroup(a), b: ofGroup(b), judgements: new Map() };
  });
  judgeShares(groups);
  for (const group of groups) checkGroup(group, check);
  if (check.findings.length > 0) check.agreement = "differ";
  else if (check.compared.length === 0 || check.notCompared.some(({ why }) => why === "unknown"))
    check.agreement = "cannot tell";
  return check;
}

/** The runs of both sides, and how their shares differ, if shares decide. */
interface Group extends Pick<CrossGroup, "topology" | "bounce"> {
  a: readonly CrossRun[];
  b: readonly CrossRun[];
  judgements: Map<ShareName, Judgement>;
}

/** Without chance or a bounce, single pairs tell more. */
const byPairs = ({ bounce, a, b }: Group): boolean =>
  bounce === "none" && ![...a, ...b].some(({ byChance }) => byChance);

function judgeShares(groups: readonly Group[]): void {
  const asked = groups
    .filter((group) => !byPairs(group))
    .map((group) => ({ group, a: group.a.filter(isTrusted), b: group.b.filter(isTrusted) }))
    .filter(({ a, b }) => a.length > 0 && b.length > 0)
    .flatMap((sides) => SHARE_NAMES.map((share) => ({ ...sides, share })));
  const judgements = judgeDifferences(asked.map(({ a, b, share }) => shareQuestion(a, b, share)));
  for (const [index, { group, share }] of asked.entries())
    group.judgements.set(share, judgements[index] as Judgement);
}

function checkGroup(whole: Group, check: CrossCheck): void {
  const { topology, bounce, a: allA, b: allB } = whole;
  const group = { topology, bounce };
  const findings = new CrossFindings(group);
  const shared = new CrossFindings(group);
  nameDefects(allA, allB, findings, shared);
  for (const [side, runs, others] of [["A", allA, allB] as const, ["B", allB, allA] as const]) {
    if (runs.length > 0 && others.length === 0)
      check.notCompared.push({ ...group, repeat: null, side, why: "alone", reason: null });
    for (const { verdict, repeat, reasons } of runs) {
      if (verdict !== "unknown") continue;
      check.notCompared.push({
        ...group,
        repeat,
        side,
        why: "unknown",
        reason: reasons[0] ?? null,
      });
    }
  }
  const [a, b] = [allA.filter(isTrusted), allB.filter(isTrusted)];
  if (a.length > 0 && b.length > 0) check.compared.push(compareGroup({ ...whole, a, b }, findings));
  check.findings.push(...findings.all());
  check.shared.push(...shared.all());
}

const isTrusted = ({ verdict }: CrossRun): boolean => verdict !== "unknown";

function nameDefects(
  a: readonly CrossRun[],
  b: readonly CrossRun[],
  findings: CrossFindings,
  shared: CrossFindings,
): void {
  const [ofA, ofB] = [defectsOf(a), defectsOf(b)];
  const kindsOf = (defects: typeof ofA): Set<string> =>
    new Set(defects.filter(({ found }) => found.count > 0).map(({ what }) => JSON.stringify(what)));
  const [kindsA, kindsB] = [kindsOf(ofA), kindsOf(ofB)];
  for (const [side, defects, others] of [
    ["A", ofA, kindsB] as const,
    ["B", ofB, kindsA] as const,
  ]) {
    for (const { what, found } of defects) {
      if (others.has(JSON.stringify(what))) shared.add({ ...what, side: null }, found);
      else findings.add({ ...what, side }, found);
    }
  }
}

function compareGroup(whole: Group, findings: CrossFindings): CrossGroup {
  const { topology, bounce, a, b, judgements } = whole;
  const steady = bounce === "none";
  let pairs = 0;
  // Repeats are interchangeable, so each gets a partner even if the sides have different numbers of
  // them.
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const one = a[index % a.length] as CrossRun;
    const other = b[index % b.length] as CrossRun;
    compareDue(one, other, findings);
    if (steady) compareConnections(one, other, findings);
    if (judgements.size === 0) pairs += compareOutcomes(one, other, findings);
  }
  return {
    topology,
    bounce,
    runs: { a: a.length, b: b.length },
    pairs: judgements.size === 0 ? pairs : null,
    shares: [...judgements].map((judged) => tellShare(judged, a, b, findings)),
  };
}

function tellShare(
  [share, { direction, seen }]: [ShareName, Judgement],
  a: readonly CrossRun[],
  b: readonly CrossRun[],
  findings: CrossFindings,
): CrossGroup["shares"][number] {
  const mean = (runs: readonly CrossRun[]): number =>
    meanOf(runs.map((run) => meanShare(run, share)));
  if (direction === "higher" || direction === "lower") {
    const [side, more] = direction === "lower" ? (["A", a] as const) : (["B", b] as const);
    const sessions = more.flatMap((run) => sessionsWith(run, share));
    findings.add({ kind: "share", side, detail: share }, { count: a.length + b.length, sessions });
  }
  // No share differs by more than all of it.
  return { share, a: mean(a), b: mean(b), seen: seen !== null && seen <= 1 ? seen : null };
}

/** Stands for a session that a side does not have. */
const NOBODY: CrossSession = {
  outcomes: [],
  beyond: 0,
  duplicated: 0,
  connections: 0,
  ended: true,
};

/**
 * Planned pairs due on one side only. They come from the plan, so a difference means that the
 * engines ran different plans.
 */
function compareDue(a: CrossRun, b: CrossRun, findings: CrossFindings): void {
  eachSession(a, b, (session, ofA, ofB) => {
    const more = ofA.outcomes.length - ofB.outcomes.length;
    tell(findings, "due", more, session);
  });
}

/** Streams of a steady-state run: neither chance nor the topology changes their number. */
function compareConnections(a: CrossRun, b: CrossRun, findings: CrossFindings): void {
  eachSession(a, b, (session, ofA, ofB) => {
    tell(findings, "connections", Math.sign(ofA.connections - ofB.connections), session);
  });
}

/**
 * Everything else that two steady-state runs share without chance routing. An indeterminate pair is
 * no difference.
 * @returns the number of compared pairs
 */
function compareOutcomes(a: CrossRun, b: CrossRun, findings: CrossFindings): number {
  let compared = 0;
  eachSession(a, b, (session, ofA, ofB) => {
    const both = Math.min(ofA.outcomes.length, ofB.outcomes.length);
    compared += both;
    for (let index = 0; index < both; index++) {
      const outcomes = { a: ofA.outcomes[index], b: ofB.outcomes[index] };
      if (outcomes.a === outcomes.b || outcomes.a === undefined || outcomes.b === undefined)
        continue;
      if (outcomes.a === "indeterminate" || outcomes.b === "indeterminate") continue;
      const what = { a: outcomes.a, b: outcomes.b };
      findings.add(
        { kind: "outcome", side: null, outcomes: what },
        { count: 1, sessions: [session] },
      );
    }
    tell(findings, "beyond-plan", ofA.beyond - ofB.beyond, session);
    tell(findings, "never-ended", Number(!ofA.ended) - Number(!ofB.ended), session);
    tell(findings, "duplicated", ofA.duplicated - ofB.duplicated, session);
  });
  return compared;
}

/** @param more of A than of B */
function tell(
  findings: CrossFindings,
  kind: "due" | "connections" | "beyond-plan" | "never-ended" | "duplicated",
  more: number,
  session: string,
): void {
  const side: Side = more > 0 ? "A" : "B";
  findings.add({ kind, side }, { count: Math.abs(more), sessions: [session] });
}

function eachSession(
  a: CrossRun,
  b: CrossRun,
  visit: (session: string, ofA: CrossSession, ofB: CrossSession) => void,
): void {
  for (const session of new Set([...a.sessions.keys(), ...b.sessions.keys()]))
    visit(session, a.sessions.get(session) ?? NOBODY, b.sessions.get(session) ?? NOBODY);
}
