import { describe, expect, it } from "vitest";
import type { RunResult } from "../../checker/run-result.ts";
import { affinityFindings, balanceFindings, fullestShare } from "./affinity-findings.ts";
import { groupRuns } from "../summary/run-group.ts";
import { type RunParts, makeRun } from "../test-support.ts";

const groupsOf = (...runs: RunParts[]) => groupRuns(runs.map(makeRun));
const affinity = (hitRatio: number | null, misroutes: number): RunResult["affinity"] => ({
  hitRatio,
  misroutes,
});
const spread = (...ends: [first: number, last: number][]): RunResult["sessionsPerInstance"] =>
  Object.fromEntries(ends.map(([first, last], index) => [`server-${index + 1}`, { first, last }]));

describe("affinity", () => {
  it("is confirmed if every request hit in every repeat, else refuted with its rate", () => {
    const [finding] = affinityFindings(
      groupsOf(
        { topology: "x", affinity: affinity(1, 0) },
        { topology: "y", affinity: affinity(0.34, 400) },
        { topology: "z", affinity: affinity(1, 0) },
        { topology: "z", repeat: 2, affinity: affinity(0.999, 1) },
      ),
    );
    expect(finding).toBe(
      "A 100 % affinity hit rate in steady state is confirmed for x; not reached by y (34.0 " +
        "%) and z (100 % / 99.9 %).",
    );
  });

  it("is reported per bounce, with misroutes, for topologies that had it", () => {
    const findings = affinityFindings(
      groupsOf(
        { topology: "x", affinity: affinity(1, 0) },
        { topology: "x", bounce: "rolling", affinity: affinity(0.985, 31) },
        { topology: "x", bounce: "crash", affinity: affinity(1, 0) },
        { topology: "y", affinity: affinity(0.34, 400) },
        { topology: "y", bounce: "rolling", affinity: affinity(0.3, 500) },
      ),
    );
    expect(findings.slice(1)).toEqual([
      "During rolling deploys, the affinity hit rate over the whole run was 98.5 % in x, " +
        "with 31 misroutes.",
      "During crashes, the affinity hit rate over the whole run was still 100 % in x.",
    ]);
  });

  it("ignores single instances, which cannot miss, and untrusted runs", () => {
    const single = { affinity: affinity(1, 0), sessionsPerInstance: spread([200, 200]) };
    expect(affinityFindings(groupsOf(single))).toEqual([]);
    expect(affinityFindings(groupsOf({ verdict: "unknown", affinity: affinity(1, 0) }))).toEqual(
      [],
    );
    expect(affinityFindings(groupsOf({ affinity: affinity(null, 0) }))).toEqual([]);
    expect(affinityFindings(groupsOf({ affinity: affinity(0.5, 9) }))).toEqual([
      "No measured topology reached a 100 % affinity hit rate in steady state: phase9 (50.0 %).",
    ]);
  });
});

describe("balance", () => {
  it("is judged per bounce, with the spread before it", () => {
    const findings = balanceFindings(
      groupsOf(
        { topology: "x" },
        { topology: "x", bounce: "crash" },
        { topology: "x", bounce: "rolling", sessionsPerInstance: spread([100, 188], [100, 12]) },
        { topology: "y", bounce: "rolling", sessionsPerInstance: spread([100, 120], [100, 80]) },
      ),
    );
    expect(findings).toEqual([
      "During crashes, uneven load is refuted for x: no instance ended with more than twice " +
        "the streams of another.",
      "During rolling deploys, uneven load is confirmed; streams on the fullest and emptiest " +
        "instance at the end: 188 and 12 in x (100 and 100 before); refuted for y.",
    ]);
  });

  it("covers steady state only if it is uneven", () => {
    const [finding] = balanceFindings(
      groupsOf({ sessionsPerInstance: spread([150, 150], [50, 50]) }),
    );
    expect(finding).toContain("In steady state, uneven load is confirmed");
  });

  const bounce = "crash" as const;
  const even = { bounce, sessionsPerInstance: spread([100, 100], [100, 100]) };
  const uneven = { bounce, sessionsPerInstance: spread([90, 150], [110, 0]) };

  it("follows the majority of repeats", () => {
    const [confirmed] = balanceFindings(
      groupsOf(uneven, { ...even, repeat: 2 }, { ...uneven, repeat: 3 }),
    );
    expect(confirmed).toContain("confirmed; streams on the fullest");
    expect(confirmed).toContain("150 and 0 in phase9 (110 and 90 before)");
    const [refuted] = balanceFindings(
      groupsOf(uneven, { ...even, repeat: 2 }, { ...even, repeat: 3 }),
    );
    expect(refuted).toContain("uneven load is refuted for phase9");
    expect(balanceFindings(groupsOf(uneven, { ...even, repeat: 2 }))).toEqual([
      "During crashes, uneven load is not confirmed for phase9: the repeats disagree.",
    ]);
  });

  it("is not confirmed if chance explains it", () => {
    const of = (...ends: [number, number][]) =>
      balanceFindings(groupsOf({ bounce, sessionsPerInstance: spread(...ends) }));
    expect(of([4, 6], [4, 4], [4, 2])).toEqual([
      "During crashes, uneven load is not confirmed for phase9 (6 and 2): too few streams to " +
        "rule out chance.",
    ]);
    // Four standard errors of 36 streams on one of three instances are 11.3 of them.
    expect(of([12, 23], [12, 7], [12, 6])[0]).toContain("not confirmed for phase9 (23 and 6)");
    expect(of([12, 24], [12, 6], [12, 6])[0]).toContain("is confirmed");
    expect(of([2, 2], [2, 2], [2, 2])[0]).toContain("not confirmed for phase9 (2 and 2)");
    expect(of([12, 12], [12, 12], [12, 12])[0]).toContain("refuted");
  });

  it("does not blame a bounce for an earlier imbalance", () => {
    expect(
      balanceFindings(groupsOf({ bounce, sessionsPerInstance: spread([150, 150], [50, 50]) })),
    ).toEqual([
      "During crashes, the load was already uneven before the bounce in phase9 (150 and 50).",
    ]);
  });

  it("ignores a single instance", () => {
    expect(balanceFindings(groupsOf({ sessionsPerInstance: spread([200, 200]) }))).toEqual([]);
  });
});

it("gives the fullest instance's share before and after; null without streams", () => {
  const run = makeRun({ sessionsPerInstance: spread([50, 90], [50, 10]) });
  expect([fullestShare(run, "first"), fullestShare(run, "last")]).toEqual([0.5, 0.9]);
  expect(fullestShare(makeRun({ sessionsPerInstance: {} }), "last")).toBeNull();
  expect(fullestShare(makeRun({ sessionsPerInstance: spread([0, 0]) }), "last")).toBeNull();
});
