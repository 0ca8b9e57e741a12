import { describe, expect, it } from "vitest";
import { TOPOLOGIES, type Topology, type TopologyName } from "../../../infra/topologies.ts";
import { CAUSES, type BounceKind } from "../../../harness/history/observation.ts";
import { scheduleSessions } from "../../../harness/load/portable/load-schedule.ts";
import { smallPlan } from "../../../harness/load/test-support/load-plan.ts";
import { createOptions, createThresholds } from "./options.ts";
import type { ScriptPlan } from "./plan.ts";

const planOf = (name: TopologyName, bounce: BounceKind): ScriptPlan => {
  const topology: Topology | undefined = TOPOLOGIES.find((one) => one.name === name);
  if (topology === undefined) throw new Error(name);
  const load = smallPlan("http://127.0.0.1:1", { sessions: 7, rampS: 3, durationS: 20, drainS: 5 });
  return { load, topology, bounce, repeat: 1 };
};

/** Metrics that must stay at 0, without `sse_events_`. */
const mustBeNone = (name: TopologyName, bounce: BounceKind): string[] =>
  Object.entries(createThresholds(planOf(name, bounce)))
    .filter(([, thresholds]) => thresholds.includes("count==0"))
    .map(([metric]) => metric.replace("sse_events_", ""))
    .sort();

describe("the thresholds", () => {
  it.each<[TopologyName, BounceKind, string[]]>([
    ["phase0", "none", ["duplicated", "lost", "reordered", "sse_stuck_streams", "unexpected"]],
    ["phase1", "none", ["duplicated", "lost", "reordered", "sse_stuck_streams", "unexpected"]],
    ["phase2", "none", ["duplicated", "lost", "reordered", "sse_stuck_streams", "unexpected"]],
    ["phase3", "none", ["duplicated", "lost", "reordered", "sse_stuck_streams", "unexpected"]],
    ["naive", "none", ["duplicated", "reordered", "unexpected"]],
    ["phase1", "rolling", ["duplicated", "unexpected"]],
    ["phase2", "crash", ["duplicated", "unexpected"]],
    ["phase3", "realtime-outage", ["duplicated", "unexpected"]],
  ])("of %s with bounce %s are what it promises", (name, bounce, expected) => {
    expect(mustBeNone(name, bounce)).toEqual(expected);
  });

  it.each(TOPOLOGIES.map(({ name }) => name))(
    "of %s want an event to be due, and figures by cause",
    (name) => {
      const thresholds = createThresholds(planOf(name, "none"));
      expect(thresholds["sse_events_due"]).toEqual(["count>0"]);
      for (const cause of CAUSES)
        expect(thresholds[`sse_events_lost{cause:${cause}}`]).toEqual(["count>=0"]);
    },
  );
});

describe("the options", () => {
  const plan = planOf("phase1", "rolling");
  const options = createOptions(plan, scheduleSessions(plan.load));

  it("give each session a VU of its own, and longer than it needs", () => {
    const { maxDuration, ...rest } = options.scenarios.sessions;
    expect(rest).toEqual({
      executor: "per-vu-iterations",
      vus: 7,
      iterations: 1,
      gracefulStop: "4s",
    });
    expect(Number(/^(\d+)s$/.exec(maxDuration ?? "")?.[1])).toBeGreaterThanOrEqual(20 + 5 + 8);
  });

  it("resolve names below localhost, which Go's resolver may not know", () => {
    expect(options.hosts).toEqual({ "*.localhost": "127.0.0.1" });
  });

  it("hold the user's thresholds in place of the script's own", () => {
    const thresholds = {
      sse_events_lost: [],
      sse_event_latency: [{ threshold: "p(99)<500", abortOnFail: true }],
    };
    const steady = planOf("phase1", "none");
    expect(createOptions({ ...steady, thresholds }, []).thresholds).toEqual({
      ...createThresholds(steady),
      ...thresholds,
    });
  });

  it("tag everything with topology and bounce, and nothing with a URL", () => {
    expect(options.tags).toEqual({ topology: "phase1", bounce: "rolling" });
    expect(options.systemTags).not.toContain("url");
  });
});
