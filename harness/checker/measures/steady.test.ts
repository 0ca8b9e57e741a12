import { describe, expect, it } from "vitest";
import { judge, planned, connected, published, received, started } from "../test-support/story.ts";
import { poissonAtMost } from "./steady.ts";

describe("the upper bound of a count", () => {
  // Exact one-sided 95 % bounds: Garwood, Biometrika 28, 1936.
  it.each([
    [0, 2.996],
    [1, 4.744],
    [10, 16.962],
    [100, 118.08],
  ])("of %i is %d within 1 %%", (count, exact) => {
    expect(Math.abs(poissonAtMost(count) / exact - 1)).toBeLessThan(0.01);
  });
});

describe("losses in steady state", () => {
  const story = [planned(6), connected(1000), started];
  const all = [1, 2, 3, 4, 5, 6].map((seq) => published(seq, 1500 + seq * 300));

  it("are never a bare 0: the streams and their time bound them", () => {
    const { steady } = judge([...story, ...all, ...all.map((_, i) => received(i + 1, 4000))]);
    // One stream from load-started to the drain: four seconds.
    expect(steady).toMatchObject({ streamHours: 4 / 3600, lost: 0, incidents: 0 });
    expect(steady?.incidentsPerStreamHourAtMost).toBeCloseTo((poissonAtMost(0) * 3600) / 4);
  });

  it("of neighbours are one incident", () => {
    const { steady } = judge([...story, ...all, received(1, 2000), received(4, 3000)]);
    expect(steady).toMatchObject({ lost: 4, incidents: 2, incidentsPerStreamHour: 1800 });
  });
});
