import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseObservation } from "../../history/parse-observation.ts";
import type { Observation } from "../../history/observation.ts";
import { judgeRun } from "../judge-run.ts";

const fixture = (name: string): Observation[] =>
  readFileSync(join(import.meta.dirname, "../fixtures", `${name}.ndjson`), "utf8")
    .trim()
    .split("\n")
    .map(parseObservation);

it("gives each step the pairs, cuts and failures of its window", () => {
  const failed: Observation = {
    type: "connect-failed",
    session: "s0",
    connection: 2,
    status: 503,
    reason: "no instance",
    fatal: false,
    atMs: 1200,
  };
  const { steps, due } = judgeRun([...fixture("invalid-loss-not-promised-in-step"), failed]);
  expect(steps).toMatchObject([
    { name: "0 before", startedMs: 50, endedMs: 50, due: 0, deliveryMs: null },
    { name: "1 flag on", startedMs: 50, endedMs: 60, due: 1, delivered: 1, lost: 0, cut: 0 },
    {
      name: "2 no affinity",
      due: 2,
      delivered: 1,
      lost: 1,
      lostByCause: { "while-disconnected": 1 },
      published: 2,
      overBroker: 2,
      cut: 1,
      failed: { requests: 0, streams: 1 },
      deliveryMs: { samples: 1, p50: 2 },
    },
  ]);
  expect(steps?.reduce((sum, step) => sum + step.due, 0)).toBe(due);
});

it("gives what was never published to the step in which its pipeline ended", () => {
  const isOf = (observation: Observation, seq: number): boolean =>
    (observation.type === "published" || observation.type === "received") && observation.seq >= seq;
  const died = fixture("invalid-loss-not-promised-in-step").filter(
    (one) => !isOf(one, 2) && !(one.type === "pipeline" && one.state === "completed"),
  );
  const { steps } = judgeRun(died);
  // Published last at 1100 ms, ten events a second: the second event was due in the second step.
  expect(steps?.map(({ due, delivered }) => [due, delivered])).toEqual([
    [0, 0],
    [1, 1],
    [2, 0],
  ]);
});

it("has no steps in a run without a migration", () => {
  expect(judgeRun(fixture("valid")).steps).toBeNull();
});
