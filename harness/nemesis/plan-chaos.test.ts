import { expect, it } from "vitest";
import { CHAOS_KINDS, planChaos, SETTLE_S, type ChaosKind } from "./plan-chaos.ts";

const SECONDS: Partial<Record<ChaosKind, number>> = { crash: 4, rolling: 12, recreate: 6 };
const KINDS = Object.keys(SECONDS) as ChaosKind[];
const plan = (seed: number, lengthS = 120) =>
  planChaos({ kinds: KINDS, secondsOf: (kind) => SECONDS[kind] ?? 0, lengthS, seed });

it("gives the same sequence for the same seed, and another for another", () => {
  expect(plan(1)).toEqual(plan(1));
  expect(new Set([1, 2, 3, 4, 5].map((seed) => JSON.stringify(plan(seed)))).size).toBe(5);
});

it("brings every kind before one comes again, and fills the time without exceeding it", () => {
  for (let seed = 0; seed < 50; seed++) {
    const steps = plan(seed);
    expect(new Set(steps.slice(0, KINDS.length).map(({ kind }) => kind)).size).toBe(KINDS.length);
    const usedS = steps.reduce((sum, { seconds }) => sum + seconds + SETTLE_S, 0);
    expect(usedS).toBeLessThanOrEqual(120);
    expect(usedS).toBeGreaterThan(120 - 4 - SETTLE_S);
  }
});

it("is empty if there is no time, or no kind", () => {
  expect(plan(1, 6)).toEqual([]);
  expect(planChaos({ kinds: [], secondsOf: () => 1, lengthS: 60, seed: 1 })).toEqual([]);
});

it("consists of all kinds but the control and itself", () => {
  expect(CHAOS_KINDS).toContain("rolling");
  expect(CHAOS_KINDS).not.toContain("none");
  expect(CHAOS_KINDS).not.toContain("chaos");
});

it("adds an instance again right after it removed one, and never one more", () => {
  const kinds: ChaosKind[] = ["scale-in", "scale-out", "crash"];
  for (let seed = 0; seed < 20; seed++) {
    const steps = planChaos({ kinds, secondsOf: () => 4, lengthS: 120, seed }).map(
      ({ kind }) => kind,
    );
    expect(steps).toContain("scale-in");
    for (const [index, kind] of steps.entries()) {
      if (kind === "scale-in") expect(steps[index + 1]).toBe("scale-out");
      if (kind === "scale-out") expect(steps[index - 1]).toBe("scale-in");
    }
  }
});
