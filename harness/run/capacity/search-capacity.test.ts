import fc from "fast-check";
import { expect, it } from "vitest";
import { type Level, searchCapacity } from "./search-capacity.ts";

const LIMITS = { first: { sessions: 10, rate: 1 }, factor: 2, maxSessions: 1_000, maxRate: 8 };

/** Everything that was tried, with a service that holds up to that many events per second. */
const search = async (mostEventsPerSecond: number, hiccups: readonly number[] = []) => {
  const tried: Level[] = [];
  const { held, broke } = await searchCapacity(LIMITS, (level) => {
    const holds = level.sessions * level.rate <= mostEventsPerSecond;
    tried.push(level);
    return Promise.resolve({ level, holds: holds && !hiccups.includes(tried.length) });
  });
  return { held: held?.level, broke: broke?.level, tried };
};

it("finds the ceiling to a tenth, whatever it is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 10, max: 999 }), async (most) => {
      const { held, broke } = await search(most);
      expect(held!.sessions).toBeLessThanOrEqual(most);
      expect(broke!.sessions).toBeGreaterThan(most);
      const gap = broke!.sessions - held!.sessions;
      expect(gap === 1 || gap <= 0.1 * broke!.sessions).toBe(true);
    }),
  );
});

it("raises the rate once the sessions are at their maximum", async () => {
  const { held, broke } = await search(3_000);
  expect([held?.sessions, broke?.sessions]).toEqual([1_000, 1_000]);
  expect(held!.rate).toBeLessThanOrEqual(3);
  expect(broke!.rate).toBeGreaterThan(3);
});

it("says that nothing broke, or that nothing held", async () => {
  expect(await search(8_000)).toMatchObject({
    held: { sessions: 1_000, rate: 8 },
    broke: undefined,
  });
  const { held, broke, tried } = await search(5);
  expect([held, broke, tried]).toEqual([undefined, LIMITS.first, [LIMITS.first, LIMITS.first]]);
});

it("one hiccup breaks no level", async () => {
  const { held } = await search(100, [2]);
  expect(held!.sessions).toBeGreaterThan(90);
});
