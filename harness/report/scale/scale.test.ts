import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromRoot } from "../../../common/paths.ts";
import type { RunResult } from "../../checker/run-result.ts";
import { parseSummary } from "../summary/summary.ts";
import { makeRun } from "../test-support.ts";
import { LAB_LIMITS, needsOf, unitCosts } from "./scale.ts";
import { renderScale } from "./scale-markdown.ts";
import { renderScalePage } from "./scale-page.ts";

type Cost = RunResult["costs"][number];
const cost = (part: string, role: Cost["role"], cores: number): Cost => ({
  part,
  role,
  source: "procfs",
  cpuSeconds: 1,
  memoryBytes: { first: 1_000_000, peak: 3_000_000 },
  socketMemoryBytes: null,
  receivedBytes: null,
  sentBytes: null,
  steady: {
    seconds: 10,
    streams: 100,
    cores,
    receivedBytesPerSecond: null,
    sentBytesPerSecond: null,
  },
});
const COSTS = [
  cost("server-1", "server", 0.02),
  cost("server-2", "server", 0.02),
  cost("traefik", "router", 0.04),
  cost("valkey", "broker", 0.01),
];
const run = { ...makeRun({ topology: "phase2" }), costs: COSTS };
const load = { eventsPerSecond: 5, durationS: 10 };
const costs = unitCosts([run, { ...run, repeat: 2 }], load)!;

describe("a planned number of streams", () => {
  it("costs each role what its parts were measured to use together", () => {
    expect(costs.roles.map(({ role, coresPerStream }) => [role, coresPerStream.value])).toEqual([
      ["server", 0.0004],
      ["router", 0.0004],
      ["broker", 0.0001],
    ]);
  });

  it("needs as many processes as the lowest ceiling of each asks for", () => {
    const needs = needsOf(costs, 100_000, { ...LAB_LIMITS, routerCores: 8 });
    const found = needs.map(({ role, processes, atLeast, ceilings }) => {
      return [role, processes, atLeast, ceilings[0]];
    });
    expect(found).toEqual([
      // 0.8 x 83,000 / 5 = 13,280 streams of a process that did nothing else.
      ["server", 50, 8, { by: "1 core at 80 %", streams: 2_000 }],
      ["router", 11, 11, { by: "20,000 open files", streams: 9_750 }],
      ["broker", 13, 7, { by: "1 core at 80 %", streams: 8_000 }],
    ]);
  });

  it("shows its arithmetic, its messages, and what gives in first", () => {
    const text = renderScale(costs, 100_000, LAB_LIMITS);
    expect(text).toContain(
      "instances: 1 core at 80 % / 0.40 x 1,000 = 2,000 streams; 20,000 streams by its " +
        "MAX_STREAMS; 100,000 / 2,000 = 50",
    );
    expect(text).toContain("Redis takes 100,000 x 5 = 500,000 messages/s");
    expect(text).toContain("10,000 messages/s for each of 50 instances");
    expect(text).toContain("First to give in: instances, at 2,000 streams of one process");
    expect(text).toContain("2 cores at 80 % / 0.90 x 1,000 = 1,777 streams");
  });

  it("is not planned from a run without costs, and has no messages without a broker", () => {
    expect(unitCosts([makeRun()], load)).toBeNull();
    const alone = unitCosts([{ ...run, costs: COSTS.slice(0, 3) }], load)!;
    expect(renderScale(alone, 1_000, LAB_LIMITS)).not.toContain("Redis");
  });
});

it("docs/scale.md has the figures of the reference run", () => {
  const summary = parseSummary(
    JSON.parse(readFileSync(fromRoot("results/reference/summary.json"), "utf8")),
  );
  // Line breaks and the widths of columns are the formatter's.
  const words = (text: string): string => text.replaceAll(/\s+|-{2,}:?/g, " ");
  expect(words(readFileSync(fromRoot("docs/scale.md"), "utf8"))).toContain(
    words(renderScalePage(summary)),
  );
});
