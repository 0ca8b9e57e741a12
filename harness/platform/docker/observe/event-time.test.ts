import { expect, test } from "vitest";
import { eventTime } from "./event-time.ts";

const wallMs = 1_790_000_000_000;

test("an event is as old on the harness clock as on the wall clock", () => {
  expect(eventTime((wallMs - 40) * 1e6, wallMs, 5_000)).toEqual({ atMs: 4_960, plausible: true });
});

test("an event that looks younger than its reading happened at its reading", () => {
  expect(eventTime((wallMs + 1) * 1e6, wallMs, 5_000)).toEqual({ atMs: 5_000, plausible: true });
});

test.each([
  ["from the future", wallMs + 3_000],
  ["older than any event can be that is read as it comes", wallMs - 60_000],
  ["missing", Number.NaN],
])("a time that is %s is not believed", (_, eventMs) => {
  expect(eventTime(eventMs * 1e6, wallMs, 5_000)).toEqual({ atMs: 5_000, plausible: false });
});
