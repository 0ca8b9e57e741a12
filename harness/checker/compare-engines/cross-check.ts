/** Whether two engines, driven by one plan, tell the same of the same topologies. */
import { CrossFindings, type CrossFinding, type Side } from "./cross-finding.ts";
import { defectsOf } from "./cross-defects.ts";
import { compareConnections, compareDue, compareOutcomes } from "./cross-pairs.ts";
import type { CrossRun } from "./cross-run.ts";
import {
  areApart,
  meanShare,
  sessionsWith,
  SHARE_NAMES,
  widestAllowance,
  type ShareName,
} from "./cross-share.ts";

/** What was set beside what, of one topology under one bounce. */
export interface CrossGroup {
  topology: string;
  bounce: CrossRun["bounce"];
  /** Runs of each side. */
  runs: { a: number; b: number };
  /** Planned pairs whose outcomes were set beside each other one by one; null where chance or a bounce decides and shares of sessions do. */
  pairs: number | null;
  /** Means over the runs, and the most by which a single run may differ from another. Empty where pairs were compared. */
  shares: { share: ShareName; a: number; b: number; allowed: number }[];
}

/** A run, or all runs of a topology and bounce, that had nothing to be compared with. */
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
  /** What is wrong on both sides alike: no difference, and no proof of either. `count` is of both. */
  shared: CrossFinding[];
  compared: CrossGroup[];
  notCompared: NotCompared[];
}

/**
 * Sets the runs of two engines beside each other, by topology and bounce.
 *
 * - Due pairs are the plan's: the same on both sides.
 * - With nothing disturbed, each pair has the same outcome, each session as many streams; unless the topology routes by chance.
 * - By chance, or under a bounce, the shares of what was lost or missed, and of sessions that never ended or had duplicates, agree as far
 *   as `areApart` says. Such runs cannot be compared pair by pair: which session is on the bounced instance, and where its stream
 *   stands when that goes, is drawn anew each time.
 * - Defects of an engine are named from unknown runs too; everything else is asked of runs that can be trusted.
 *
 * Agreement: `differ` with any finding; else `cannot tell` when a run is unknown or nothing could be compared.
 */
export function crossCheck(a: readonly CrossRun[], b: readonly CrossRun[]): CrossCheck {
  const check: CrossCheck = { agreement: "agree", findings: [], shared: [], compared: [], notCompared: [] };
  const groups = new Map([...a, ...b].map((run) => [JSON.stringify([run.topology, run.bounce]), run]));
  for (const key of [...groups.keys()].sort()) {
    const { topology, bounce } = groups.get(key) as CrossRun;
    const ofGroup = (runs: readonly CrossRun[]): CrossRun[] =>
      runs.filter((run) => run.topology === topology && run.bounce === bounce);
    checkGroup({ topology, bounce }, ofGroup(a), ofGroup(b), check);
  }
  if (check.findings.length > 0) check.agreement = "differ";
  else if (check.compared.length === 0 || check.notCompared.some(({ why }) => why === "unknown"))
    check.agreement = "cannot tell";
  return check;
}

function checkGroup(
  group: Pick<CrossGroup, "topology" | "bounce">,
  allA: readonly CrossRun[],
  allB: readonly CrossRun[],
  check: CrossCheck,
): void {
  const findings = new CrossFindings(group);
  const shared = new CrossFindings(group);
  nameDefects(allA, allB, findings, shared);
  for (const [side, runs, others] of [["A", allA, allB] as const, ["B", allB, allA] as const]) {
    if (runs.length > 0 && others.length === 0)
      check.notCompared.push({ ...group, repeat: null, side, why: "alone", reason: null });
    for (const { verdict, repeat, reasons } of runs) {
      if (verdict !== "unknown") continue;
      check.notCompared.push({ ...group, repeat, side, why: "unknown", reason: reasons[0] ?? null });
    }
  }
  const [a, b] = [allA.filter(isTrusted), allB.filter(isTrusted)];
  if (a.length > 0 && b.length > 0) check.compared.push(compareGroup(group, a, b, findings));
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
    new Set(defects.filter(({ tallied }) => tallied.count > 0).map(({ what }) => JSON.stringify(what)));
  const [kindsA, kindsB] = [kindsOf(ofA), kindsOf(ofB)];
  for (const [side, defects, others] of [["A", ofA, kindsB] as const, ["B", ofB, kindsA] as const]) {
    for (const { what, tallied } of defects) {
      if (others.has(JSON.stringify(what))) shared.add({ ...what, side: null }, tallied);
      else findings.add({ ...what, side }, tallied);
    }
  }
}

function compareGroup(
  group: Pick<CrossGroup, "topology" | "bounce">,
  a: readonly CrossRun[],
  b: readonly CrossRun[],
  findings: CrossFindings,
): CrossGroup {
  const steady = group.bounce === "none";
  const byPairs = steady && ![...a, ...b].some(({ byChance }) => byChance);
  let pairs = 0;
  // Repeats are as good as each other, so that none goes without a partner where the sides have different numbers of them.
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const one = a[index % a.length] as CrossRun;
    const other = b[index % b.length] as CrossRun;
    compareDue(one, other, findings);
    if (steady) compareConnections(one, other, findings);
    if (byPairs) pairs += compareOutcomes(one, other, findings);
  }
  return {
    ...group,
    runs: { a: a.length, b: b.length },
    pairs: byPairs ? pairs : null,
    shares: byPairs ? [] : SHARE_NAMES.map((share) => compareShare(share, a, b, findings)),
  };
}

function compareShare(
  share: ShareName,
  a: readonly CrossRun[],
  b: readonly CrossRun[],
  findings: CrossFindings,
): CrossGroup["shares"][number] {
  const mean = (runs: readonly CrossRun[]): number =>
    runs.reduce((sum, run) => sum + meanShare(run, share), 0) / runs.length;
  const means = { a: mean(a), b: mean(b) };
  if (areApart(a, b, share)) {
    const [side, higher] = means.a > means.b ? (["A", a] as const) : (["B", b] as const);
    const sessions = higher.flatMap((run) => sessionsWith(run, share));
    findings.add({ kind: "share", side, detail: share }, { count: a.length + b.length, sessions });
  }
  return { share, ...means, allowed: widestAllowance(a, b, share) };
}
