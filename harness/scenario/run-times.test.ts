import fc from "fast-check";
import { expect, test } from "vitest";
import { BOUNCE_KINDS, type BounceKind } from "../history/observation.ts";
import { DEFAULT_SCENARIO } from "./default-scenario.ts";
import { bounceSecondsOf, bounceStartS, durationOf, type TimedRun } from "./run-times.ts";

const timed = (change: Partial<TimedRun> = {}): TimedRun => ({
  scenario: DEFAULT_SCENARIO,
  bounce: "rolling",
  repeat: 1,
  bounceS: 11.8,
  ...change,
});

test("a run without a duration is as long as its bounce needs", () => {
  const none = durationOf(timed({ bounce: "none", bounceS: 0 }));
  const crash = durationOf(timed({ bounce: "crash", bounceS: 4 }));
  expect(none).toBeLessThan(crash);
  expect(crash).toBeLessThan(durationOf(timed()));
});

test("a bounce that is set to last longer has a longer load", () => {
  const seconds = (bounceSettings: Record<string, number>, kind: BounceKind): number =>
    bounceSecondsOf({ bounceSettings }, (one) => (one === "none" ? 0 : 8))(kind, 3);
  expect(seconds({}, "redis-outage")).toBe(8);
  expect(seconds({ "redis-outage.for": 10 }, "redis-outage")).toBe(15);
  expect(seconds({ "redis-outage.for": 10 }, "pause")).toBe(8);
  expect(seconds({ "drain-cut.after": 2.5 }, "drain-cut")).toBe(11);
  expect(seconds({ "pause.for": 0.1 }, "none")).toBe(0);
});

test("a bounce begins after the warm-up, ends within the load, and depends on seed and repeat", () => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        repeat: fc.integer({ min: 1, max: 50 }),
        bounce: fc.constantFrom(...BOUNCE_KINDS),
        bounceS: fc.double({ min: 0, max: 60, noNaN: true }),
        moreS: fc.option(fc.double({ min: 0, max: 60, noNaN: true }), { nil: undefined }),
      }),
      ({ seed, moreS, ...run }) => {
        const { warmUp } = DEFAULT_SCENARIO;
        const duration = moreS === undefined ? undefined : warmUp + 1 + run.bounceS + moreS;
        const scenario = { ...DEFAULT_SCENARIO, seed, duration };
        const at = bounceStartS(timed({ ...run, scenario }));
        expect(at).toBeGreaterThanOrEqual(warmUp);
        if (run.bounce !== "none" || duration !== undefined)
          expect(at + run.bounceS).toBeLessThanOrEqual(durationOf(timed({ ...run, scenario })));
        expect(bounceStartS(timed({ ...run, scenario }))).toBe(at);
      },
    ),
  );
  const starts = [1, 2, 3, 4].map((repeat) => bounceStartS(timed({ repeat })));
  expect(new Set(starts).size).toBe(4);
  const other = timed({ scenario: { ...DEFAULT_SCENARIO, seed: 2 } });
  expect(bounceStartS(other)).not.toBe(starts[0]);
});
