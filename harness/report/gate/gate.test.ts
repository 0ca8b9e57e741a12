import { describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";
import { fromRoot } from "../../../common/paths.ts";
import { seededRandom } from "../../../common/portable/seeded-random.ts";
import { makeRun, makeSummary, type RunParts } from "../test-support.ts";
import { COMMENT_MARKER, renderGate } from "./gate-markdown.ts";
import { judgeGate } from "./judge-gate.ts";
import { limitsFor, parseThresholds } from "./thresholds.ts";

const DEFAULTS = parseThresholds(readFileSync(fromRoot("sse-lab.thresholds.yaml"), "utf8"), "here");

const part = {
  samples: 9000,
  p50: 2,
  p90: 4,
  p99: 12,
  p999: 20,
  max: 30,
  resolved: true,
  floorMs: 0,
};
const latencyOf = (parts: Partial<typeof part>) => ({
  total: part,
  lateness: part,
  delivery: { ...part, ...parts },
});
const summaryOf = (...runs: RunParts[]) =>
  makeSummary(runs.map((parts) => makeRun({ latency: latencyOf({}), ...parts })));
const words = (...runs: RunParts[]) => judgeGate(summaryOf(...runs), DEFAULTS).word;

describe("a gate with the default limits", () => {
  it("passes what loses nothing, and says which limits hold", () => {
    const summary = summaryOf({});
    const text = renderGate(judgeGate(summary, DEFAULTS), summary);
    expect(text.startsWith(`${COMMENT_MARKER}\n\n### ✅ SSE scaling lab: passed`)).toBe(true);
    expect(text).toMatch(/\| ✅ +\| phase9 .* 0 % \(limit 0 %\).* 2\.0 ms \(limit 20\.0 ms\)/);
  });

  it.each<[string, RunParts]>([
    ["lost events", { lostByCause: { "no-route": 120 } }],
    ["30 ms more", { latency: latencyOf({ p50: 32, p99: 42 }) }],
    ["one stuck stream", { stuckStreams: 1 }],
    ["a broken promise", { verdict: "invalid" }],
    ["streams that never come back", { bounce: "rolling", ...neverBack() }],
  ])("fails on %s, also in one repeat of three", (_, parts) => {
    expect(words(parts)).toBe("failed");
    const bounce = parts.bounce ?? "none";
    const others = parts.latency ? parts : { bounce };
    expect(words({ bounce }, { ...others, repeat: 2 }, { ...parts, repeat: 3 })).toBe("failed");
  });

  it("judges nothing that cannot be trusted, nor nothing at all", () => {
    expect(words({ verdict: "unknown" })).toBe("not judged");
    expect(words()).toBe("not judged");
    // The instrument's own lag may be all of it.
    expect(words({ latency: latencyOf({ p50: 32, resolved: false }) })).toBe("not judged");
  });

  it("finds the same planted regressions in 20 of 20 noisy tries, and none in 20 equal ones", () => {
    const random = seededRandom(7);
    const noisy = (more = 0): RunParts => {
      const p50 = 2 + 3 * random.float() + more;
      return { latency: latencyOf({ p50, p99: p50 + 40 * random.float() }) };
    };
    const planted = (): RunParts[] => [
      { ...noisy(), lostByCause: { "broker-gap": 60 + Math.round(120 * random.float()) } },
      noisy(30),
      { ...noisy(), stuckStreams: 1 },
    ];
    const tries = Array.from({ length: 20 }, planted);
    expect(tries.flat().filter((parts) => words(parts) !== "failed")).toEqual([]);
    const equal = Array.from({ length: 20 }, () => [noisy(), noisy()] as const);
    const alarms = equal.filter(
      ([a, b]) => judgeGate(summaryOf(b), DEFAULTS, summaryOf(a)).word === "failed",
    );
    expect(alarms).toEqual([]);
  });
});

function neverBack(): RunParts {
  const bounce = { kind: "rolling", target: "server-1", startedMs: 1, endedMs: 2 } as const;
  return { bounces: [{ ...bounce, open: 9, cut: 9, lost: 0, reconnects: 0 }] };
}

describe("a gate with a base", () => {
  const runs = (lost: number): RunParts[] =>
    [1, 2, 3, 4, 5].map((repeat) => ({
      topology: "naive",
      repeat,
      lostByCause: { "no-route": lost + 10 * repeat },
    }));

  it("fails if a figure got worse within its limits, and shows it", () => {
    const [base, now] = [summaryOf(...runs(1000)), summaryOf(...runs(4000))];
    const gate = judgeGate(now, DEFAULTS, base);
    expect(gate.word).toBe("failed");
    const text = renderGate(gate, now);
    expect(text).toMatch(/\*\*Compared with the base:\*\* 1 figure worse, 0 better/);
    expect(text).toMatch(/\| naive .*lost of published .* worse: /);
    expect(judgeGate(base, DEFAULTS, base).word).toBe("passed");
  });

  it("says what makes the two hard to compare", () => {
    const base = { ...summaryOf({}), platform: "docker" };
    const now = summaryOf({});
    expect(renderGate(judgeGate(now, DEFAULTS, base), now)).toMatch(
      /- not comparable: platform is "docker" in A and "local" in B\./,
    );
  });
});

describe("a file of limits", () => {
  it("takes a topology's own limit before that of every other one", () => {
    const limits = parseThresholds(
      '"*": {none: {lost: 0, p50: 9}}\nmine: {none: {lost: 0.5}}',
      "f",
    );
    expect(limitsFor(limits, "mine", "none")).toEqual({ lost: 0.5, p50: 9 });
    expect(limitsFor(limits, "other", "none")).toEqual({ lost: 0, p50: 9 });
    expect(limitsFor(limits, "other", "crash")).toEqual({});
  });

  it.each([
    ["mine: {none: {lost: 2}}", /^f: .*Too big.*\n.*mine\.none\.lost/s],
    ["mine: {none: {losses: 0}}", /^f: .*losses.*limits are lost, stuck, p50, p99, backWithin$/s],
    ["mine: {sometimes: {lost: 0}}", /^f: .*sometimes/s],
    ["mine: {none: {lost: 0}", /^f: .* at line 1, column /s],
    ["just words", /^f: /],
  ])("refuses %j, naming file, key and fix", (text, message) => {
    expect(() => parseThresholds(text, "f")).toThrow(message);
  });
});
