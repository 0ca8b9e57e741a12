import { expect, test } from "vitest";
import { filesFor, openFilesLimit, streamsWithin } from "./open-files-limit.ts";

test("the limit of open files is a number of files", async () => {
  expect(await openFilesLimit()).toBeGreaterThan(0);
});

test("as many streams as a limit allows need no more files than that, one more would", () => {
  for (const holder of ["router", "realtime"] as const) {
    for (const limit of [1024, 1025, 65_536]) {
      expect(filesFor(streamsWithin(limit, holder), holder)).toBeLessThanOrEqual(limit);
      expect(filesFor(streamsWithin(limit, holder) + 1, holder)).toBeGreaterThan(limit);
    }
  }
});

test("Realtime holds one socket for each stream where the router would hold two", () => {
  expect(filesFor(400)).toBe(1300);
  expect(filesFor(400, "realtime")).toBe(940);
});

test("a limit below what is needed anyway leaves no stream, and no limit leaves any number", () => {
  expect(streamsWithin(100)).toBe(0);
  expect(streamsWithin(Infinity)).toBe(Infinity);
});
