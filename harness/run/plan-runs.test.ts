import { describe, expect, it } from "vitest";
import { DEFAULT_SCENARIO } from "../scenario/default-scenario.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Service } from "../service/read-service-file.ts";
import { discardedRun, planRuns, remainingRuns, withTries } from "./plan-runs.ts";
import type { RunSpec } from "./run-spec.ts";

const plan = (change: Partial<Scenario> = {}): RunSpec[] =>
  planRuns(
    { ...DEFAULT_SCENARIO, topologies: ["naive", "phase1"], repeat: 3, ...change },
    (kind, replicas) => (kind === "rolling" ? 4 * replicas : kind === "none" ? 0 : 4),
  );

const nameOf = ({ topology, bounce }: RunSpec): string => `${topology.name} ${bounce}`;

const ALL = ["naive", "phase1"].flatMap((name) =>
  ["crash", "none", "rolling"].map((bounce) => `${name} ${bounce}`),
);

describe("the runs of a comparison", () => {
  it("repeat the whole comparison, each time in another order that the seed decides", () => {
    const specs = plan();
    expect(specs.map(({ order }) => order)).toEqual(specs.map((_, index) => index + 1));
    expect(specs.map(({ repeat }) => repeat)).toEqual([1, 2, 3].flatMap((k) => ALL.map(() => k)));
    const orders = [1, 2, 3].map((k) => specs.filter(({ repeat }) => repeat === k).map(nameOf));
    for (const order of orders) expect([...order].sort()).toEqual(ALL);
    expect(new Set(orders.map(String)).size).toBe(3);
    expect(plan().map(nameOf)).toEqual(specs.map(nameOf));
    expect(plan({ seed: 2 }).map(nameOf)).not.toEqual(specs.map(nameOf));
  });

  it("meet their bounce at one time in all topologies of a repeat", () => {
    const starts = plan({ bounces: ["crash"] }).map((spec) => [spec.repeat, spec.bounceStartS]);
    expect(new Set(starts.map(String)).size).toBe(3);
  });

  it("have no time for the bounce with ramp, which waits for the last arrival", () => {
    expect(plan({ arrival: "ramp" }).every((spec) => spec.bounceStartS === undefined)).toBe(true);
  });
});

it("runs a topology without bounces if it is named for that", () => {
  expect(
    plan({ repeat: 1, steadyOnly: ["naive"] })
      .map(nameOf)
      .sort(),
  ).toEqual(ALL.filter((name) => name.startsWith("phase1") || name === "naive none"));
});

it("leaves out what is skipped and what has been measured", () => {
  const planned = plan({ repeat: 2 });
  const why = "it does not fit";
  const skipped = [
    { topology: "naive", bounce: "crash" as const, why },
    { topology: "naive", bounce: "rolling" as const, why },
  ];
  const measured = [{ topology: "phase1", bounce: "none" as const, repeat: 2 }];
  const left = remainingRuns(planned, skipped, measured);
  expect(left.filter(({ topology }) => topology.name === "naive")).toHaveLength(2);
  expect(left.filter(({ topology }) => topology.name === "phase1")).toHaveLength(5);
  expect(remainingRuns(planned, undefined, [])).toEqual(planned);
});

it("tries a service in the first run of each topology, and in the discarded one", () => {
  expect(withTries(plan()).some(({ triesService }) => triesService)).toBe(false);
  const service = { name: "mine" } as Service;
  const specs = withTries(plan().map((spec) => ({ ...spec, service })));
  const tried = specs.filter(({ triesService }) => triesService);
  expect(tried.map(({ topology }) => topology.name).sort()).toEqual(["naive", "phase1"]);
  expect(tried[0]).toBe(specs[0]);
  expect(discardedRun(specs)?.triesService).toBe(true);
});

describe("the discarded run", () => {
  it("is a short one of the topology that comes first", () => {
    const specs = plan();
    const discarded = discardedRun(specs)!;
    expect(discarded).toMatchObject({ topology: specs[0]!.topology, bounce: "none" });
    expect(discarded.durationS).toBeLessThan(4);
    expect(discarded.scenario.sessions).toBeLessThanOrEqual(50);
    expect(discardedRun(plan({ sessions: 3 }))?.scenario.sessions).toBe(3);
  });

  it("is left out where nothing is compared, and with ramp", () => {
    const one = plan({ topologies: ["naive"], bounces: ["none"], repeat: 1 });
    expect(discardedRun(one)).toBeUndefined();
    expect(discardedRun(plan({ arrival: "ramp" }))).toBeUndefined();
  });
});
