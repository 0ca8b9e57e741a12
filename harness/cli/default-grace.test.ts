import { expect, test } from "vitest";
import { DEFAULT_GRACE_S } from "../../infra/stack/new-stack-record.ts";
import { DEFAULT_NEMESIS_SETTINGS } from "../nemesis/nemesis.ts";
import { DEFAULT_GRACE_S as REPORTED_GRACE_S } from "../report/summary/summary.ts";
import { DEFAULT_SCENARIO } from "../scenario/default-scenario.ts";

// Not all of them may import each other: a report never sees how topologies are made.
test("the grace is the same in stacks, scenarios, bounces and reports where nothing else is said", () => {
  expect(DEFAULT_SCENARIO.grace).toBe(DEFAULT_GRACE_S);
  expect(DEFAULT_NEMESIS_SETTINGS.stopGraceMs).toBe(DEFAULT_GRACE_S * 1000);
  expect(REPORTED_GRACE_S).toBe(DEFAULT_GRACE_S);
});
