import { expect, it } from "vitest";
import { awayS, DEFAULT_BOUNCE_SETTINGS, longerBy, settingOf } from "./bounce-settings.ts";

it("gives each setting its default, and what was set in its place", () => {
  expect(settingOf({}, "redis-outage", "for")).toBe(3);
  expect(settingOf({ "redis-outage.for": 10 }, "redis-outage", "for")).toBe(10);
  expect(settingOf({ "redis-outage.for": 10 }, "pause", "for")).toBe(4);
  expect(settingOf({}, "rolling", "for")).toBe(0);
});

it("knows how much longer a bounce takes, and how long requests wait for it", () => {
  expect(longerBy({ "crash.for": 0.5 }, "crash", 3)).toBe(-0.5);
  expect(longerBy({ "drain-cut.after": 2 }, "drain-cut", 3)).toBe(1.5);
  expect(awayS({}, "crash")).toBe(0);
  expect(awayS({ "redis-pause.for": 9 }, "redis-pause")).toBe(9);
  expect(awayS({ "redis-pause.for": 9 }, "chaos")).toBe(9);
  expect(awayS({}, "chaos")).toBe(6);
});

it("has a length for each kind that lasts", () => {
  const lengths = Object.keys(DEFAULT_BOUNCE_SETTINGS).filter((key) => key.endsWith(".for"));
  expect(lengths).toHaveLength(12);
});
