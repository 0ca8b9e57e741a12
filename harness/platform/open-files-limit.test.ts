import { expect, test } from "vitest";
import { filesFor, openFilesLimit, streamsWithin } from "./open-files-limit.ts";

test("the limit of open files is a number of files", async () => {
  expect(await openFilesLimit()).toBeGreaterThan(0);
});

test("as many streams as a limit allows need no more files than that, one more would", () => {
  for (const limit of [1024, 1025, 65_536]) {
    expect(filesFor(streamsWithin(limit))).toBeLessThanOrEqual(limit);
    expect(filesFor(streamsWithin(limit) + 1)).toBeGreaterThan(limit);
  }
});

test("a limit below what is needed anyway leaves no stream, and no limit leaves any number", () => {
  expect(streamsWithin(100)).toBe(0);
  expect(streamsWithin(Infinity)).toBe(Infinity);
});
