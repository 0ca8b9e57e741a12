/**
 * A deploy on containers: readiness goes well before the process does, and a name stands for one
 * container after the other.
 */
import { describe, expect, it } from "vitest";
import type { InstanceObservation, Observation } from "../../history/observation.ts";
import {
  bothLedgers,
  causesOf,
  connected,
  judge,
  pipeline,
  planned,
  published,
  received,
  started,
} from "../test-support/story.ts";

const NOT_READY_MS = 2000;
const STOPPED_MS = 4500;

const instance = (state: InstanceObservation["state"], atMs: number): Observation => ({
  type: "instance",
  instance: "a",
  state,
  atMs,
});
/** Instance `a` is drained, stopped, and replaced by another container of that name. */
const replaced: Observation[] = [
  instance("started", 500),
  instance("ready", 800),
  instance("not-ready", NOT_READY_MS),
  instance("stopped", STOPPED_MS),
  instance("started", 4700),
  instance("ready", 5600),
  { type: "broker", instance: "a", state: "up", atMs: 4800 },
];
const ledgerOfA = (state: "read" | "torn" | "missing"): Observation => ({
  type: "ledger",
  instance: "a",
  state,
  records: 1,
});

describe("an instance that is not ready and still runs", () => {
  it("keeps publishing; its pipeline dies with the container", () => {
    const result = judge([
      ...[...replaced, planned(4), started, connected(1000)],
      ...[1500, 2500, 4400].flatMap((atMs, index) => [
        published(index + 1, atMs),
        received(index + 1, atMs + 1),
      ]),
    ]);
    expect(result).toMatchObject({ delivered: 3, neverPublished: 1, lost: 0, indeterminate: 0 });
    expect(result.reasons.join(" ")).toContain("1 because the pipeline died with its instance");
  });

  it("has no excuse for losing events before its end", () => {
    const lostAt = (atMs: number): Record<string, number> =>
      causesOf(
        judge([
          ...[...replaced, planned(2), started, connected(1000)],
          ...[published(1, atMs), published(2, 4450), received(2, 4451), pipeline("aborted", 4460)],
        ]),
      );
    expect(lostAt(NOT_READY_MS - 10)).toEqual({ unexplained: 1 });
    expect(lostAt(NOT_READY_MS + 10)).toEqual({ unexplained: 1 });
    expect(lostAt(STOPPED_MS - 1001)).toEqual({ unexplained: 1 });
    expect(lostAt(STOPPED_MS - 1000)).toEqual({ "in-flight-at-disconnect": 1 });
  });

  it("may have its end stamped by a clock a few milliseconds off", () => {
    const lostAt = (atMs: number): Record<string, number> =>
      causesOf(judge([...replaced, planned(1), started, connected(1000), published(1, atMs)]));
    expect(lostAt(STOPPED_MS + 5)).toEqual({ "in-flight-at-disconnect": 1 });
    // Its name is another container's by then.
    expect(lostAt(4900)).toEqual({ unexplained: 1 });
  });
});

describe("a replacement container", () => {
  it("does not inherit the end of its predecessor: its pipeline still runs", () => {
    const result = judge([...replaced, planned(2), connected(1000), pipeline("started", 5700)]);
    expect(result).toMatchObject({ neverPublished: 0, indeterminate: 2 });
    expect(result.reasons.join(" ")).toContain("2 belonged to pipelines that still ran");
  });

  it("needs a complete ledger, as its predecessor does", () => {
    const story = [...replaced, planned(1), started, connected(1000)];
    const others = bothLedgers.slice(1);
    const both = judge(story, [ledgerOfA("read"), ledgerOfA("read"), ...others]);
    expect(both).toMatchObject({ neverPublished: 1, indeterminate: 0 });
    for (const state of ["missing", "torn"] as const) {
      const doubtful = judge(story, [ledgerOfA("read"), ledgerOfA(state), ...others]);
      expect(doubtful).toMatchObject({ verdict: "unknown", neverPublished: 0, indeterminate: 1 });
      expect(doubtful.reasons.join(" ")).toContain("the ledger of a is missing, torn");
    }
  });

  it("counts with its predecessor as one instance", () => {
    const result = judge([
      ...[...replaced, planned(1), started],
      ...[connected(1000, { instance: "a" }), connected(5700, { instance: "a", connection: 2 })],
    ]);
    expect(result.sessionsPerInstance).toEqual({
      a: { first: 1, last: 1 },
      b: { first: 0, last: 0 },
    });
    expect(result.affinity).toEqual({ hitRatio: 1, misroutes: 0 });
  });
});

it("counts a stop followed by a kill as one end", () => {
  const result = judge([
    ...[instance("started", 500), instance("not-ready", 2000), instance("killed", 3000)],
    ...[instance("stopped", 3040), planned(2), started, connected(1000)],
    ...[published(1, 2900), received(1, 2901)],
  ]);
  expect(result).toMatchObject({ delivered: 1, neverPublished: 1, indeterminate: 0 });
});
