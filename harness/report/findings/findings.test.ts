import { describe, expect, it } from "vitest";
import type { RunResult } from "../../checker/run-result.ts";
import { bounceFindings, latencyFindings, reconnectFindings, loadFindings } from "./detail-findings.ts";
import { deathFindings, steadyFindings, stuckFindings, unexplainedFindings } from "./findings.ts";
import { groupRuns } from "../summary/run-group.ts";
import { type RunParts, makeRealtime, makeRun } from "../test-support.ts";

const groupsOf = (...runs: RunParts[]) => groupRuns(runs.map(makeRun));
const reconnects = (parts: Partial<RunResult["reconnects"]>): RunResult["reconnects"] => ({
  ...makeRun().reconnects,
  ...parts,
});
const latency = (p99: number): RunResult["latencyMs"] => ({ p50: 1, p90: 2, p99, p999: 90, max: 99 });

describe("findings", () => {
  it("name who lost nothing undisturbed, and what the others lost and why", () => {
    const lostByCause = { "no-route": 7900, unexplained: 100 };
    expect(steadyFindings(groupsOf({ topology: "x" }, { topology: "y", lostByCause }))).toEqual([
      "Undisturbed, x lost nothing of what was due.",
      "Undisturbed, y lost 66.7 % of what was due, mostly no-route (98.8 % of it): no deploy is needed for that.",
    ]);
  });

  it("do not call a topology clean that lost one event in one repeat", () => {
    const [first] = steadyFindings(
      groupsOf({}, { repeat: 2 }, { repeat: 3, lostByCause: { "no-route": 1 } }),
    );
    expect(first).toBe("Undisturbed, every measured topology lost events.");
  });

  it("give the cost of a bounce against the topology's own steady state", () => {
    const lostByCause = { "no-route": 6000 };
    const findings = bounceFindings(
      groupsOf(
        { topology: "x" },
        { topology: "x", bounce: "crash", lostByCause: { "while-disconnected": 600 }, neverPublished: 60 },
        { topology: "y", lostByCause },
        { topology: "y", bounce: "crash", lostByCause },
        { topology: "z", bounce: "crash" },
        { topology: "w", bounce: "crash", indeterminate: 12 },
      ),
    );
    expect(findings).toEqual([
      "Across crash, x missed 5.50 % of what was due (none of that in steady state): 5.00 % lost, all of it while-disconnected; 0.50 % never published.",
      "Across crash, y missed 50.0 % of what was due (50.0 % in steady state already): 50.0 % lost, all of it no-route.",
      "Across crash, z missed nothing.",
      "Across crash, w missed 0.10 % of what was due (there is no steady-state run to compare with): 0.10 % of which nobody can tell what became of it.",
    ]);
  });

  it("count the people who wait for an end that never comes", () => {
    const groups = groupsOf({ topology: "x" }, { topology: "y", stuckStreams: 30 }, { bounce: "crash" });
    expect(stuckFindings(groups)).toEqual([
      "In steady state, people were left waiting for an end that never came: 30 of 200 streams in y; none in x.",
      "Across crash, no stream was stuck in phase9.",
    ]);
  });

  it("tell when everybody was back, and where not", () => {
    const groups = groupsOf(
      { topology: "x", bounce: "rolling", reconnects: reconnects({ count: 9, timeTo100Ms: 500 }) },
      { topology: "y", bounce: "rolling", reconnects: reconnects({ count: 9, peakPerSecond: 90 }) },
    );
    expect(reconnectFindings(groups)).toEqual([
      "Across rolling, every cut stream was back within this time from the start of the bounce that cut it: x (500 ms); not all cut streams came back in y; the steepest storm was 90 connection attempts in one second, in y.",
    ]);
  });

  it("compare the latency of the fastest and the slowest, and say what one run cannot", () => {
    const [finding] = latencyFindings(
      groupsOf({ topology: "x", latencyMs: latency(9) }, { topology: "y", latencyMs: latency(3) }),
    );
    expect(finding).toContain("within 3.0 ms in y (the fastest) and 9.0 ms in x (the slowest; a single run");
    const standIn = { topology: "d", realtime: makeRealtime({ standIn: true }) };
    expect(latencyFindings(groupsOf({ topology: "x" }, standIn))).toEqual([]);
    expect(latencyFindings(groupsOf({ latencyMs: null }))).toEqual([]);
  });

  it("point at unexplained losses and a load that was not achieved", () => {
    const groups = groupsOf({
      lostByCause: { unexplained: 3 },
      load: { ...makeRun().load, achievedEventsPerSecond: 500 },
    });
    expect(unexplainedFindings(groups)[0]).toContain("3 losses of phase9 have no known cause");
    expect(loadFindings(groups)[0]).toContain(
      "500 of 1,000 events per second that could have been published were achieved",
    );
    const even = groupsOf({});
    expect([unexplainedFindings(even), loadFindings(even)]).toEqual([[], []]);
  });

  it("say once what streams of several topologies have in common", () => {
    const groups = groupsOf({ topology: "x", stuckStreams: 7 }, { topology: "y", stuckStreams: 7 });
    expect(stuckFindings(groups)[0]).toMatch(/never came: 7 of 200 streams in x and y\.$/);
  });

  it("tell what died with pipelines, and what came back by replay", () => {
    const groups = groupsOf(
      { topology: "x", bounce: "crash", neverPublished: 3000 },
      { topology: "y", bounce: "crash", recovered: 600 },
    );
    expect(deathFindings(groups)).toEqual([
      "Across crash, pipelines died, and no way of delivery can save what they never published; of what was due: 25.0 % in x.",
    ]);
    expect(bounceFindings(groups)[1]).toBe(
      "Across crash, y missed nothing; 5.00 % arrived by replay after a reconnect.",
    );
  });

  it("blame no load generator for events that died with their pipelines", () => {
    const load = { ...makeRun().load, achievedEventsPerSecond: 200 };
    const died = { load, neverPublished: 9600 };
    expect(loadFindings(groupsOf({ ...died, bounce: "crash" }, died))).toEqual([]);
    // Nothing died here, so nothing but the generator explains it, bounce or not.
    expect(loadFindings(groupsOf({ load, bounce: "crash" }))[0]).toContain("200 of 1,000");
    expect(loadFindings(groupsOf({ load, neverPublished: 6000 }))[0]).toContain("200 of 500");
  });

  it("are drawn from no run that is unknown", () => {
    const groups = groupsOf({ verdict: "unknown", lostByCause: { "no-route": 50 }, stuckStreams: 3 });
    expect([...steadyFindings(groups), ...stuckFindings(groups)]).toEqual([]);
  });
});
