import { describe, expect, it } from "vitest";
import { readEventId } from "./event-id.ts";

describe("the id of an event", () => {
  it("names the run and the number", () => {
    expect(readEventId("mhk3v9q0a1b2c3d4-1")).toEqual({ epoch: "mhk3v9q0a1b2c3d4", seq: 1 });
    expect(readEventId("e1-1000000")).toEqual({ epoch: "e1", seq: 1_000_000 });
  });

  it.each([
    ["none", undefined],
    ["an empty one", ""],
    ["the position before the first event", "e1-0"],
    ["a number alone", "17"],
    ["a run alone", "e1"],
    ["no number", "e1-"],
    ["no run", "-1"],
    ["a number that is none", "e1-x"],
    ["another way to write a number", "e1-1e3"],
    ["a leading zero", "e1-01"],
    ["a number beyond what is exact", "e1-9007199254740993"],
    ["an epoch that is none", "E_1-1"],
    ["a carriage return that a parser left", "e1-1\r"],
    ["a second line", "e1-1\n"],
  ])("is none of a run: %s", (_, id) => {
    expect(readEventId(id)).toBeUndefined();
  });
});
