import { expect, it } from "vitest";
import { formatMs, formatPercent } from "../format.ts";
import { formatSpread, spreadOf } from "./run-group.ts";

it.each([
  [[3], { mean: 3, values: [3], interval: null }],
  [[4, null, 2], { mean: 3, values: [4, 2], interval: null }],
  [[5, 5, 5], { mean: 5, values: [5, 5, 5], interval: { low: 5, high: 5 } }],
  [[null], null],
  [[], null],
])("the spread of %j is %j", (values, spread) => expect(spreadOf(values)).toEqual(spread));

it("shows the mean of three repeats with its interval, and the values of fewer", () => {
  // By hand: mean 5, deviation 1, t 4.303 with two degrees of freedom.
  expect(formatSpread(spreadOf([4, 5, 6]), formatMs)).toBe("5.0 ms [2.5 ms–7.5 ms]");
  expect(formatSpread(spreadOf([3, 9]), formatMs)).toBe("3.0 ms / 9.0 ms");
  expect(formatSpread(spreadOf([3.01, 3.02]), formatMs)).toBe("3.0 ms");
  expect(formatSpread(spreadOf([0.9, 1, 1]), formatPercent)).toBe("96.7 % [82.3 %–100 %]");
  expect(formatSpread(spreadOf([0, 0, 1]), formatMs)).toBe("0.3 ms [0 ms–1.8 ms]");
  expect(formatSpread(null, formatMs)).toBe("–");
});
