import { describe, expect, it } from "vitest";
import type { RunResult } from "../../checker/run-result.ts";
import {
  bounceFindings,
  latencyFindings,
  reconnectFindings,
  loadFindings,
} from "./detail-findings.ts";
import { deathFindings, steadyFindings, stuckFindings, unexplainedFindings } from "./findings.ts";
import { groupRuns } from "../summary/run-group.ts";
import { type RunParts, makeRealtime, makeRun } from "../test-support.ts";

const groupsOf = (...runs: RunParts[]) => groupRuns(runs.map(makeRun));
const reconnects = (parts: Partial<RunResult["reconnects"]>): RunResult["reconnects"] => ({
  ...makeRun().reconnects,
  ...parts,
});
const latency = (p99: number): RunResult["latencyMs"] => ({
  p50: 1,
  p90: 2,
  p99,
  p999: 90,
  max: 99,
});

describe("findings", () => {
  it("name the topologies without loss in steady state, and what the others lost and why", () => {
    const lostByCause = { "no-route": 7900, unexplained: 100 };
    expect(steadyFindings(groupsOf({ topology: "x" }, { topology: "y", lostByCause }))).toEqual([
      "In steady state, x lost nothing.",
      "In steady state, without any deploy, y lost 66.7 % of published events, mostly no-route " +
        "(98.8 % of it).",
    ]);
  });

  it("do not call a topology lossless that lost one event in one repeat", () => {
    const [first] = steadyFindings(
      groupsOf({}, { repeat: 2 }, { repeat: 3, lostByCause: { "no-route": 1 } }),
    );
    expect(first).toBe("In steady state, every measured topology lost events.");
  });

  it("compare a bounce with the topology's own steady state", () => {
    const lostByCause = { "no-route": 6000 };
    const findings = bounceFindings(
      groupsOf(
        { topology: "x" },
        {
          topology: "x",
          bounce: "crash",
          lostByCause: { "while-disconnected": 600 },
          neverPublished: 60,
        },
        { topology: "y", lostByCause },
        { topology: "y", bounce: "crash", lostByCause },
        { topology: "z", bounce: "crash" },
        { topology: "w", bounce: "crash", indeterminate: 12 },
      ),
    );
    expect(findings).toEqual([
      "During crashes, x missed 5.50 % of due events (0 % in steady state): 5.03 % of published " +
        "events lost, all " +
        "of it while-disconnected; 0.50 % never published.",
      "During crashes, y missed 50.0 % of due events (50.0 % in steady state): 50.0 % of " +
        "published events lost, " +
        "all of it no-route.",
      "During crashes, z missed nothing.",
      "During crashes, w missed 0.10 % of due events (no steady-state run to compare with): " +
        "0.10 % indeterminate.",
    ]);
  });

  it("count stuck streams", () => {
    const groups = groupsOf(
      { topology: "x" },
      { topology: "y", stuckStreams: 30 },
      { bounce: "crash" },
    );
    expect(stuckFindings(groups)).toEqual([
      "In steady state, users were left waiting on stuck streams: 30 of 200 in y; none in x.",
      "During crashes, no stream got stuck in phase9.",
    ]);
  });

  it("report the time to full reconnect, or that some streams never came back", () => {
    const groups = groupsOf(
      { topology: "x", bounce: "rolling", reconnects: reconnects({ count: 9, timeTo100Ms: 500 }) },
      { topology: "y", bounce: "rolling", reconnects: reconnects({ count: 9, peakPerSecond: 90 }) },
    );
    expect(reconnectFindings(groups)).toEqual([
      "During rolling deploys, every cut stream was back within this time from the start of " +
        "the bounce that cut it: x (500 ms); some cut streams never came back in y; connection " +
        "attempts peaked at 90 per second, in y.",
    ]);
  });

  it("rank latencies, and do not judge single runs", () => {
    const [finding] = latencyFindings(
      groupsOf({ topology: "x", latencyMs: latency(9) }, { topology: "y", latencyMs: latency(3) }),
    );
    expect(finding).toContain(
      "by p99 latency, y (3.0 ms) was fastest, as far as measured; x (9.0 ms) is not judged",
    );
    const standIn = { topology: "d", realtime: makeRealtime({ standIn: true }) };
    expect(latencyFindings(groupsOf({ topology: "x" }, standIn))).toEqual([]);
    expect(latencyFindings(groupsOf({ latencyMs: null }))).toEqual([]);
  });

  it("point out unexplained losses and a load below the requested one", () => {
    const groups = groupsOf({
      lostByCause: { unexplained: 3 },
      load: { ...makeRun().load, achievedEventsPerSecond: 500 },
    });
    expect(unexplainedFindings(groups)[0]).toContain("3 losses of phase9 have no known cause");
    expect(loadFindings(groups)[0]).toContain(
      "only 500 of 1,000 publishable events per second were published",
    );
    const even = groupsOf({});
    expect([unexplainedFindings(even), loadFindings(even)]).toEqual([[], []]);
  });

  it("merge topologies with equal figures", () => {
    const groups = groupsOf({ topology: "x", stuckStreams: 7 }, { topology: "y", stuckStreams: 7 });
    expect(stuckFindings(groups)[0]).toMatch(/stuck streams: 7 of 200 in x and y\.$/);
  });

  it("report what died with pipelines and what replay recovered", () => {
    const groups = groupsOf(
      { topology: "x", bounce: "crash", neverPublished: 3000 },
      { topology: "y", bounce: "crash", recovered: 600 },
    );
    expect(deathFindings(groups)).toEqual([
      "During crashes, pipelines died with their instance, so no topology can deliver their " +
        "remaining events. Share of due events never published: 25.0 % in x.",
    ]);
    expect(bounceFindings(groups)[1]).toBe(
      "During crashes, y missed nothing. Replay after a reconnect recovered 5.00 %.",
    );
  });

  it("do not blame the load generator for events that died with their pipelines", () => {
    const load = { ...makeRun().load, achievedEventsPerSecond: 200 };
    const died = { load, neverPublished: 9600 };
    expect(loadFindings(groupsOf({ ...died, bounce: "crash" }, died))).toEqual([]);
    // Nothing died here, so nothing but the generator explains it, bounce or not.
    expect(loadFindings(groupsOf({ load, bounce: "crash" }))[0]).toContain("200 of 1,000");
    expect(loadFindings(groupsOf({ load, neverPublished: 6000 }))[0]).toContain("200 of 500");
  });

  it("ignore unknown runs", () => {
    const groups = groupsOf({
      verdict: "unknown",
      lostByCause: { "no-route": 50 },
      stuckStreams: 3,
    });
    expect([...steadyFindings(groups), ...stuckFindings(groups)]).toEqual([]);
  });
});
