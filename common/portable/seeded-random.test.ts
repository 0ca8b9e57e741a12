import { expect, test } from "vitest";
import { seededRandom } from "./seeded-random.ts";

test("the first draws of neighbouring seeds are spread evenly", () => {
  const tenths = Array<number>(10).fill(0);
  for (let seed = 0; seed < 2_000; seed++) tenths[Math.floor(seededRandom(seed).float() * 10)]!++;
  for (const count of tenths) expect(Math.abs(count - 200)).toBeLessThan(60);
});

test("integers are spread evenly over their whole range, both ends included", () => {
  const random = seededRandom(1);
  const counts = new Map<number, number>();
  for (let draws = 0; draws < 10_000; draws++) {
    const drawn = random.integer(-2, 2);
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  for (const count of counts.values()) expect(Math.abs(count - 2_000)).toBeLessThan(200);
});

test("the same seed gives the same draws, and another seed others", () => {
  const drawsOf = (seed: number): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 5 }, () => random.float());
  };
  expect(drawsOf(7)).toEqual(drawsOf(7));
  expect(drawsOf(8)).not.toEqual(drawsOf(7));
});
