import { expect, it } from "vitest";
import { formatMs } from "../format.ts";
import { formatSpread, spreadOf } from "./run-group.ts";

it.each([
  [[3], { median: 3, min: 3, max: 3, runs: 1 }],
  [[9, 1], { median: 5, min: 1, max: 9, runs: 2 }],
  [[30, 2, 1], { median: 2, min: 1, max: 30, runs: 3 }],
  [[4, null, 2], { median: 3, min: 2, max: 4, runs: 2 }],
  [[null], null],
  [[], null],
])("the spread of %j is %j", (values, spread) => expect(spreadOf(values)).toEqual(spread));

it("shows the median of repeats with their range, and one figure if they agree", () => {
  expect(formatSpread(spreadOf([3, 9, 4]), formatMs)).toBe("4.0 ms [3.0 ms–9.0 ms]");
  expect(formatSpread(spreadOf([3.01, 3.02]), formatMs)).toBe("3.0 ms");
  expect(formatSpread(null, formatMs)).toBe("–");
});
