import { describe, expect, it } from "vitest";
import { judgeDifference } from "./difference.ts";

describe("judgeDifference", () => {
  it.each([
    ["ranges that do not overlap", [1, 2], [3, 4], "higher", "outside the spread"],
    ["the same the other way round", [3, 4], [1, 2], "lower", "outside the spread"],
    ["ranges that touch", [1, 3], [3, 4], "same", "within the spread"],
    ["a single run without trials", [1], [9, 9], "not judged", "no spread"],
    ["no run on a side", [], [1], "not judged", "not measured"],
  ])("judges %s", (_, first, second, direction, how) => {
    const difference = judgeDifference({ values: first }, { values: second });
    expect(difference.direction).toBe(direction);
    expect(difference.how).toContain(how);
  });

  it("judges single ratios by four binomial standard errors over sessions", () => {
    // Pooled 0.5 over 100 and 100 trials: one standard error is 0.0707, four are 0.2828.
    const judge = (a: number, b: number) =>
      judgeDifference({ values: [a], trials: 100 }, { values: [b], trials: 100 }).direction;
    expect([judge(0.36, 0.64), judge(0.35, 0.65), judge(0.65, 0.35)]).toEqual([
      "same",
      "higher",
      "lower",
    ]);
    expect([judge(0, 0), judge(1, 1), judge(0, 1)]).toEqual(["same", "same", "higher"]);
  });

  it("does not judge ratios without sessions", () => {
    expect(judgeDifference({ values: [0], trials: 0 }, { values: [0], trials: 9 }).direction).toBe(
      "not judged",
    );
  });
});
