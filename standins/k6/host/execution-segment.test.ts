import { describe, expect, it } from "vitest";

import { vuIdsOfSegment } from "./execution-segment.ts";

describe("vuIdsOfSegment", () => {
  it("gives every VU of a test to exactly one segment", () => {
    for (const bounds of [
      ["0", "1/3", "2/3", "1"],
      ["0", "0.1", "50%", "1"],
      ["0", "1/7", "1"],
    ]) {
      const parts = bounds
        .slice(1)
        .map((bound, index) => vuIdsOfSegment(23, `${bounds[index]!}:${bound}`, bounds.join(",")));
      expect(parts.flat().sort((a, b) => a - b)).toEqual(
        Array.from({ length: 23 }, (_, index) => index + 1),
      );
    }
  });

  it("lets segments of the same length take turns", () => {
    expect(vuIdsOfSegment(7, "0:1/3", "0,1/3,2/3,1")).toEqual([1, 4, 7]);
    expect(vuIdsOfSegment(7, "2/3:1", "0,1/3,2/3,1")).toEqual([3, 6]);
  });

  it("is the whole test without a segment, and starts at 0 if only the end is given", () => {
    expect(vuIdsOfSegment(3)).toEqual([1, 2, 3]);
    expect(vuIdsOfSegment(4, "1/2")).toEqual([1, 3]);
  });

  it.each([
    ["1/3:2/3", "0,1/2,1", "is not in the sequence"],
    ["0:1/2", "0,1/2,1/4,1", "does not rise"],
    ["0:2", undefined, "not between 0 and 1"],
    ["a:b", undefined, "is not a fraction"],
  ])("refuses %s of %s", (segment, sequence, message) => {
    expect(() => vuIdsOfSegment(4, segment, sequence)).toThrow(message);
  });
});
