import { expect, it } from "vitest";
import { quantileOf, tailOf } from "./student-t.ts";

// Any printed table of Student's t has these.
const PUBLISHED = [
  [0.975, 1, 12.706],
  [0.9995, 1, 636.62],
  [0.95, 2, 2.92],
  [0.975, 2, 4.303],
  [0.9995, 2, 31.599],
  [0.8, 3, 0.978],
  [0.975, 4, 2.776],
  [0.995, 5, 4.032],
  [0.9995, 6, 5.959],
  [0.975, 10, 2.228],
  [0.999, 20, 3.552],
  [0.975, 30, 2.042],
  [0.9995, 120, 3.373],
  [0.995, 1_000, 2.581],
] as const;

it.each(PUBLISHED)("%d of the values lie below t with %d degrees of freedom: %d", (...row) => {
  const [share, degrees, t] = row;
  expect(quantileOf(share, degrees) / t).toBeCloseTo(1, 3);
  expect(tailOf(t, degrees) / (1 - share)).toBeCloseTo(1, 2);
  expect(tailOf(-t, degrees)).toBeCloseTo(share, 3);
});

it("lies between its neighbours for a fraction of a degree", () => {
  for (const degrees of [1.5, 2.37, 5.8, 40.1]) {
    const [less, t, more] = [Math.floor(degrees), degrees, Math.ceil(degrees)].map((of) =>
      quantileOf(0.999, of),
    ) as [number, number, number];
    expect([less > t, t > more]).toEqual([true, true]);
    expect(tailOf(t, degrees) / 0.001).toBeCloseTo(1, 1);
  }
});

it("stays finite at the edges", () => {
  expect(quantileOf(0.5, 3)).toBe(0);
  expect(quantileOf(0.975, Infinity)).toBeCloseTo(1.96, 2);
  expect(quantileOf(0.975, 0.2)).toBeCloseTo(12.706, 2);
  expect(tailOf(0, 7)).toBeCloseTo(0.5, 9);
  expect(tailOf(1e9, 3)).toBeLessThan(1e-20);
  expect(tailOf(Infinity, 3)).toBe(0);
});
