import { describe, expect, it } from "vitest";
import type {
  BounceObservation,
  InstanceObservation,
  Observation,
} from "../../history/observation.ts";
import { judge } from "../test-support/story.ts";

const end = (
  instance: string,
  atMs: number,
  state: InstanceObservation["state"] = "stopped",
): Observation => ({
  type: "instance",
  instance,
  state,
  atMs,
});
const bounce = (
  kind: BounceObservation["kind"],
  target: string,
  number = 1,
  error?: string,
): Observation[] =>
  (["started", "ended"] as const).map((state, index) => ({
    type: "bounce",
    bounce: number,
    kind,
    target,
    state,
    ...(error === undefined || state === "started" ? {} : { error }),
    atMs: number * 2000 + index * 1000,
  }));
const about = (...observations: Observation[]): string[] =>
  judge(observations).reasons.filter((reason) => /ended (by itself|nothing|only)/.test(reason));

const byItself = (instance: string): unknown =>
  expect.stringContaining(`Instance ${instance} ended by itself`);
const nothing = (target: string): unknown =>
  expect.stringContaining(`The bounce of ${target} ended nothing`);

describe("the end of an instance", () => {
  it("belongs to a bounce from its start to its end, within clock tolerance", () => {
    for (const atMs of [1995, 2000, 3000, 3005])
      expect(about(...bounce("crash", "a"), end("a", atMs, "killed"))).toEqual([]);
    for (const atMs of [1994, 3006])
      expect(about(...bounce("crash", "a"), end("a", atMs, "killed"))).toEqual([
        nothing("a"),
        byItself("a"),
      ]);
  });

  it("does not belong to the bounce of another instance", () => {
    expect(about(...bounce("crash", "a"), end("a", 2001), end("b", 2500))).toEqual([byItself("b")]);
  });

  it("is reported during load and drain only", () => {
    expect(about(end("a", 999), end("a", 9000))).toEqual([]);
    for (const atMs of [1000, 8999]) expect(about(end("a", atMs))).toEqual([byItself("a")]);
  });

  it("may precede its rolling bounce, unless another end falls into it", () => {
    expect(about(...bounce("rolling", "a"), end("a", 1000, "killed"))).toEqual([]);
    expect(about(...bounce("rolling", "a"), end("a", 1500), end("a", 2500))).toEqual([
      byItself("a"),
    ]);
    expect(about(...bounce("rolling", "a", 2), end("a", 2999))).toEqual([
      nothing("a"),
      byItself("a"),
    ]);
  });
});

describe("a bounce of all", () => {
  it("must end every instance", () => {
    const all = bounce("recreate", "all");
    expect(about(...all, end("a", 2100), end("b", 2200))).toEqual([]);
    expect(about(...all)).toEqual([
      "The bounce of all ended nothing: no end of a, b is on record.",
    ]);
    expect(about(...all, end("a", 2100))).toEqual([
      "The bounce of all ended only 1 of 2 instances: no end of b is on record.",
    ]);
  });
});

it("does not report a failed bounce, which has a rule of its own", () => {
  expect(about(...bounce("crash", "a", 1, "no such process"))).toEqual([]);
});
