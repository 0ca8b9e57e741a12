import { describe, expect, it } from "vitest";
import type { RunResult } from "../../checker/run-result.ts";
import { makeRun } from "../test-support.ts";
import { renderCapacity } from "./capacity-markdown.ts";
import { type CapacityStep, firstToGiveIn, stepOf } from "./capacity.ts";

const THRESHOLDS = { missed: 0.001, p99Ms: 100 };
const LEVEL = { sessions: 200, rate: 5 };

const part = (name: string, role: "server" | "router" | "broker", cores: number) => ({
  part: name,
  role,
  source: "procfs" as const,
  cpuSeconds: 1,
  memoryBytes: { first: 1, peak: 1024 ** 2 },
  socketMemoryBytes: null,
  receivedBytes: null,
  sentBytes: null,
  steady: {
    seconds: 5,
    streams: 200,
    cores,
    receivedBytesPerSecond: null,
    sentBytesPerSecond: null,
  },
});

interface Planted {
  server?: number;
  router?: number;
  p99?: number;
  busy?: number;
  lag?: number;
  missed?: number;
  verdict?: RunResult["verdict"];
}

const step = (planted: Planted = {}): CapacityStep => {
  const {
    server = 0.3,
    router = 0.5,
    p99 = 10,
    busy = 0.5,
    lag = 2,
    missed = 0,
    verdict,
  } = planted;
  const run = makeRun({ verdict: verdict ?? "valid" });
  const shares = { p50: busy, max: busy };
  const figures = {
    samples: 9,
    p50: 1,
    p90: 1,
    p99,
    p999: p99,
    max: p99,
    floorMs: 0,
    resolved: true,
  };
  const result: RunResult = {
    ...run,
    missedRatio: missed,
    latency: { total: figures, lateness: figures, delivery: figures },
    load: {
      ...run.load,
      engineLagMs: { p99: lag, max: lag },
      host: { busyShare: shares, stealShare: { p50: 0, max: 0 }, pressureShare: null },
    },
    costs: [
      part("server-1", "server", server),
      part("traefik", "router", router),
      part("valkey", "broker", 0.1),
    ],
  };
  return stepOf(result, LEVEL, THRESHOLDS, { cpus: 4, reasons: ["The clocks disagree."] });
};

describe("a level", () => {
  it("holds below all limits", () => {
    expect(step()).toMatchObject({ holds: true, broke: [], p99Ms: 10, hostBusy: 0.5 });
  });

  it.each<[string, Planted, string]>([
    ["missing events", { missed: 0.02 }, "2.00 % of the due events did not arrive (limit 0.10 %)"],
    ["late events", { p99: 150 }, "p99 was 150 ms (limit 100 ms)"],
    ["a late load engine", { lag: 60 }, "the load engine ran 60.0 ms late (p99)"],
    ["an unknown verdict", { verdict: "unknown" }, "it cannot be trusted: The clocks disagree."],
  ])("breaks by %s", (_, planted, why) => {
    expect(step(planted)).toMatchObject({ holds: false, broke: [why] });
  });
});

describe("the first to give in", () => {
  const first = (planted: Planted) => firstToGiveIn(step(planted), THRESHOLDS);

  it("is an instance without a core left, though the router uses more cores", () => {
    expect(first({ p99: 150, server: 0.95, router: 1.8 })).toEqual({
      part: "server-1",
      why: "server-1 used 0.95 cores, 95.0 % of what it can use, and 1.0 MiB of memory",
    });
  });

  it("is a router without any of its host's cores left", () => {
    expect(first({ p99: 150, server: 0.3, router: 3.6 }).part).toBe("traefik");
  });

  it.each<[string, Planted, RegExp]>([
    ["a saturated host", { p99: 150, server: 0.95, busy: 0.96 }, /host itself was saturated \(96/],
    ["a late load engine", { p99: 150, server: 0.95, lag: 70 }, /load engine gave in first/],
    [
      "a part with CPU to spare",
      { p99: 150 },
      /no part was out of CPU: the busiest, server-1 used 0.30/,
    ],
  ])("is unknown with %s", (_, planted, why) => {
    const found = first(planted);
    expect(found.part).toBeNull();
    expect(found.why).toMatch(why);
  });
});

it("the answer stands before the levels", () => {
  const broke = step({ p99: 150, server: 0.95 });
  const capacity = {
    topology: "phase2",
    replicas: 3,
    thresholds: THRESHOLDS,
    steps: [step(), broke],
    held: step(),
    broke,
    first: firstToGiveIn(broke, THRESHOLDS),
  };
  const text = renderCapacity(capacity, "the arithmetic");
  expect(text).toMatch(
    /^# Capacity of phase2 with 3 instances\n\nHeld: 200 sessions x 5 events\/s\./,
  );
  expect(text).toContain("First to give in: server-1: server-1 used 0.95 cores");
  expect(text).toContain("## On paper\n\nthe arithmetic");
});
