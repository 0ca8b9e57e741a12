import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UsageObservation } from "../../history/observation.ts";
import { readHistory } from "../../history/read-history.ts";
import { measureCosts } from "./costs.ts";
import { judgeRun } from "../judge-run.ts";
import { bothLedgers } from "../test-support/story.ts";
import { judgeHistory } from "../judge-history.ts";
import type { PartCost } from "../run-result.ts";

const LOAD = { loadStartedMs: 1000, drainStartedMs: 9000 };
type CostContext = { [Phase in keyof typeof LOAD]: number | null };

const reading = (
  atMs: number,
  cpuSeconds: number,
  change: Partial<UsageObservation> = {},
): UsageObservation => ({
  type: "usage",
  part: "server-1",
  role: "server",
  incarnation: "1",
  source: "cgroup",
  cpuSeconds,
  memoryBytes: 100,
  atMs,
  ...change,
});

const costsOf = (usages: UsageObservation[], context: CostContext): PartCost[] =>
  measureCosts(
    { usages, sessions: new Map() },
    { ...context, measuredMs: null, deployStartMs: null },
  );

/** The cost of the only part. */
function costOf(readings: UsageObservation[]): PartCost {
  const [cost, ...others] = costsOf(readings, LOAD);
  expect(others).toEqual([]);
  if (cost === undefined) throw new Error("no cost was found");
  return cost;
}

async function costsOfFixture(name: string): Promise<PartCost[]> {
  const path = fileURLToPath(new URL(`../fixtures/${name}.ndjson`, import.meta.url));
  for await (const { costs } of judgeHistory(readHistory(path))) return costs;
  throw new Error(`${name} holds no run`);
}

describe("planted usage", () => {
  it("adds up replaced containers, excluding usage before and after the load", async () => {
    const part = { role: "server", source: "cgroup", steady: null };
    expect(await costsOfFixture("cost-incarnation-replaced")).toEqual([
      {
        ...part,
        part: "a",
        cpuSeconds: 0.5 + 0.75,
        memoryBytes: { first: 40e6, peak: 60e6 },
        socketMemoryBytes: { first: 4096, peak: 65536 },
        receivedBytes: 4000 + 600,
        sentBytes: 7000 + 1200,
      },
      {
        ...part,
        part: "b",
        cpuSeconds: 0.2,
        memoryBytes: { first: 42e6, peak: 44e6 },
        socketMemoryBytes: { first: 4096, peak: 12288 },
        receivedBytes: 600,
        sentBytes: 800,
      },
      {
        ...part,
        part: "traefik",
        role: "router",
        cpuSeconds: 0.4,
        memoryBytes: { first: 20e6, peak: 26e6 },
        socketMemoryBytes: { first: 0, peak: 20480 },
        receivedBytes: 9000,
        sentBytes: 19000,
      },
    ]);
  });

  it("without socket and network figures gives null, not 0", async () => {
    const unknown = {
      source: "procfs",
      socketMemoryBytes: null,
      receivedBytes: null,
      sentBytes: null,
      steady: null,
    };
    expect(await costsOfFixture("cost-without-sockets")).toEqual([
      {
        ...unknown,
        part: "a",
        role: "server",
        cpuSeconds: 0.6,
        memoryBytes: { first: 40e6, peak: 52e6 },
      },
      {
        ...unknown,
        part: "valkey",
        role: "broker",
        cpuSeconds: 0.01,
        memoryBytes: { first: 5e6, peak: 5e6 },
      },
    ]);
  });
});

describe("what an incarnation used", () => {
  it("counts from its last reading before the load", () => {
    expect(costOf([reading(10, 1), reading(990, 2), reading(5000, 5)]).cpuSeconds).toBe(3);
  });

  it("counts from 0 if it is newer than its component's reading before the load", () => {
    const replaced = [reading(990, 2), reading(5000, 3, { incarnation: "2" })];
    expect(costOf(replaced).cpuSeconds).toBe(3);
  });

  it("counts from its first reading if none precedes the load; its successor counts from 0", () => {
    const late = [reading(1500, 7), reading(3000, 8), reading(6000, 0.5, { incarnation: "2" })];
    expect(costOf(late).cpuSeconds).toBe(1.5);
  });

  it("ends with the reading taken at the start of the drain, not with a later one", () => {
    const readings = [reading(990, 0), reading(9400, 4), reading(10_100, 9)];
    expect(costOf(readings).cpuSeconds).toBe(4);
  });

  it("is 0 if it ended before the load", () => {
    const gone = reading(500, 50, { incarnation: "0", memoryBytes: 900 });
    expect(costOf([gone, reading(990, 1), reading(2000, 2)])).toMatchObject({
      cpuSeconds: 1,
      memoryBytes: { first: 100, peak: 100 },
    });
  });

  it("gives no network total if one incarnation lacks the figure", () => {
    const readings = [
      ...[reading(990, 0, { sentBytes: 10 }), reading(2000, 1, { sentBytes: 30 })],
      reading(5000, 1, { incarnation: "2" }),
    ];
    expect(costOf(readings)).toMatchObject({ cpuSeconds: 2, sentBytes: null, receivedBytes: null });
  });

  it("is unknown without a reading under load, and for a run without a load", () => {
    const before = [reading(10, 1), reading(990, 2)];
    expect(costsOf(before, LOAD)).toEqual([]);
    const whole = [...before, reading(2000, 3)];
    expect(costsOf(whole, { ...LOAD, drainStartedMs: null })).toEqual([]);
    expect(costsOf(whole, { ...LOAD, loadStartedMs: null })).toEqual([]);
  });
});

describe("incomplete readings", () => {
  const before = [reading(990, 1, { part: "a" }), reading(990, 1, { part: "b" })];
  /** The remarks about readings in a load from 1,000 to `drainStartedMs`. */
  const remarks = (drainStartedMs: number, ...readings: UsageObservation[]): string[] =>
    judgeRun([
      { type: "phase", phase: "load-started", atMs: 1000 },
      { type: "phase", phase: "drain-started", atMs: drainStartedMs },
      ...[...bothLedgers, ...before, ...readings],
    ]).reasons.filter((reason) => /no reading fell|readings of/.test(reason));
  const both = (atMs: number) => ["a", "b"].map((part) => reading(atMs, 2, { part }));

  it.each([
    ["second and a half of a short load", 3_000, 1500],
    ["tenth of the load", 21_000, 2000],
    ["four seconds of a long load", 601_000, 4000],
  ])("are reported if the last %s is missing", (_, drainStartedMs, limitMs) => {
    expect(remarks(drainStartedMs, ...both(drainStartedMs - limitMs))).toEqual([]);
    expect(remarks(drainStartedMs, ...both(drainStartedMs - limitMs - 1))).toEqual([
      `The readings of a, b end more than ${limitMs} ms before the load, so these costs ` +
        "are too low.",
    ]);
  });

  it("are reported for an instance without any", () => {
    expect(remarks(9000, reading(8990, 2, { part: "a" }))).toEqual([
      "The costs of b are unknown, because no reading fell into the load.",
    ]);
  });
});

it("lists servers first, then the router, then the broker, each by name", () => {
  const of = (part: string, role: UsageObservation["role"]) => [
    reading(990, 1, { part, role }),
    reading(2000, 2, { part, role }),
  ];
  const costs = costsOf(
    [
      ...of("valkey", "broker"),
      ...of("b", "server"),
      ...of("traefik", "router"),
      ...of("a", "server"),
    ],
    LOAD,
  );
  expect(costs.map(({ part }) => part)).toEqual(["a", "b", "traefik", "valkey"]);
});

it("takes the slope while streams are up, without warm-up, bounce and later processes", () => {
  const stream = { type: "connected", connection: 1, instance: "a", resume: "none" } as const;
  const result = judgeRun([
    { type: "phase", phase: "load-started", atMs: 1000 },
    { type: "phase", phase: "measured", atMs: 3000 },
    { type: "phase", phase: "drain-started", atMs: 9000 },
    ...bothLedgers,
    // One stream all the time, another one for half of the time between the two readings.
    { ...stream, session: "s0", subscribedMs: 1000, atMs: 1000 },
    { ...stream, session: "s1", subscribedMs: 4000, atMs: 4000 },
    { type: "bounce", bounce: 1, kind: "crash", target: "a", state: "started", atMs: 6000 },
    reading(900, 1, { receivedBytes: 0 }),
    reading(2000, 9, { receivedBytes: 90 }),
    reading(3000, 10, { receivedBytes: 100 }),
    reading(5000, 11, { receivedBytes: 300 }),
    reading(7000, 50, { receivedBytes: 900 }),
    reading(7500, 3, { incarnation: "2", receivedBytes: 900 }),
  ]);
  expect(result.costs.map(({ steady }) => steady)).toEqual([
    {
      seconds: 2,
      streams: 1.5,
      cores: 0.5,
      receivedBytesPerSecond: 100,
      sentBytesPerSecond: null,
    },
  ]);
});

it("gives no slope between readings less than a second apart", () => {
  const [cost] = judgeRun([
    { type: "phase", phase: "load-started", atMs: 1000 },
    { type: "phase", phase: "drain-started", atMs: 9000 },
    reading(2000, 1),
    reading(2999, 2),
  ]).costs;
  expect(cost?.steady).toBeNull();
});

describe("CPU of random incarnations", () => {
  /** Rises of one incarnation under load, in hundredths of a second: what it used. */
  const rises = fc.array(fc.nat(500), { minLength: 1, maxLength: 6 });
  const parts = fc.dictionary(
    fc.constantFrom("server-1", "server-2", "traefik"),
    fc.record({
      usedBefore: fc.nat(10_000),
      incarnations: fc.array(rises, { minLength: 1, maxLength: 4 }),
    }),
    { minKeys: 1 },
  );
  const history = parts.chain((planted) => {
    const readings = Object.entries(planted).flatMap(([part, { usedBefore, incarnations }]) => {
      let atMs = 990;
      return incarnations.flatMap((own, index) => {
        let hundredths = index === 0 ? usedBefore : 0;
        const incarnation = String(index);
        const before = index === 0 ? [reading(atMs, hundredths / 100, { part, incarnation })] : [];
        return [
          ...before,
          ...own.map((rise) =>
            reading((atMs += 100), (hundredths += rise) / 100, { part, incarnation }),
          ),
        ];
      });
    });
    return fc.tuple(
      fc.constant(planted),
      fc.shuffledSubarray(readings, { minLength: readings.length }),
    );
  });

  it("adds up to the planted sum, in any order of records", () => {
    fc.assert(
      fc.property(history, ([planted, readings]) => {
        const costs = costsOf(readings, LOAD);
        expect(Object.fromEntries(costs.map(({ part, cpuSeconds }) => [part, cpuSeconds]))).toEqual(
          Object.fromEntries(
            Object.entries(planted).map(([part, { incarnations }]) => [
              part,
              incarnations.flat().reduce((sum, rise) => sum + rise, 0) / 100,
            ]),
          ),
        );
      }),
      { numRuns: 500 },
    );
  });
});
