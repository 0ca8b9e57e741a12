import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  TIER_LIMITS,
  REALTIME_TIERS,
  type RealtimeTier,
} from "../../infra/realtime/realtime-settings.ts";
import {
  brokenLimits,
  carryingTier,
  describeBroken,
  type QuotaLoad,
  type RealtimeDemand,
  realtimeDemand,
} from "./quota.ts";

const load: QuotaLoad = {
  sessions: 30,
  rate: 1,
  pipeline: 10,
  ramp: 3,
  payloadBytes: 200,
  gates: 0,
  replicas: 3,
  publish: "http",
  outage: false,
};

describe("what a scenario asks of Realtime", () => {
  it.each<[string, Partial<QuotaLoad>, Partial<RealtimeDemand>]>([
    [
      "clients join, and every instance has one connection",
      {},
      { maxConcurrentUsers: 33, maxJoinsPerSecond: 10, maxChannelsPerClient: 1 },
    ],
    ["each event counts when sent and when delivered", { rate: 5 }, { maxEventsPerSecond: 300 }],
    // 30 x 2 gates in 10 s, two of three answered elsewhere, each asked and confirmed by one
    // message that two others get.
    [
      "a gate's answer goes to all instances and back",
      { gates: 2 },
      { maxEventsPerSecond: 60 + 24 },
    ],
    ["a single instance asks nobody", { gates: 2, replicas: 1 }, { maxEventsPerSecond: 60 }],
    [
      "by WebSocket, every channel is joined twice",
      { publish: "websocket" },
      { maxConcurrentUsers: 33, maxJoinsPerSecond: 20 },
    ],
    ["without a ramp, all join within a second", { ramp: 0 }, { maxJoinsPerSecond: 30 }],
    [
      "after an outage, all join at once, whatever the ramp",
      { outage: true },
      { maxJoinsPerSecond: 33 },
    ],
    [
      "after an outage, those who publish by WebSocket join as well",
      { outage: true, publish: "websocket" },
      { maxJoinsPerSecond: 63 },
    ],
    ["a client has one channel", { sessions: 1_000 }, { maxChannelsPerClient: 1 }],
    [
      "an instance has a channel for each of its sessions, and chance gives one more than the mean",
      { sessions: 300, publish: "websocket" },
      { maxChannelsPerClient: 126 },
    ],
    [
      "a single instance has them all",
      { sessions: 80, publish: "websocket", replicas: 1 },
      { maxChannelsPerClient: 81 },
    ],
    ["the payload goes in an envelope", { payloadBytes: 9_000 }, { maxPayloadKb: 10 }],
  ])("%s", (_, change, expected) => {
    expect(realtimeDemand({ ...load, ...change })).toMatchObject(expected);
  });
});

const demandOf = (change: Partial<RealtimeDemand>): RealtimeDemand => ({
  maxConcurrentUsers: 1,
  maxEventsPerSecond: 1,
  maxJoinsPerSecond: 1,
  maxChannelsPerClient: 1,
  maxPayloadKb: 1,
  ...change,
});

describe("a plan's limits", () => {
  it.each<[Partial<RealtimeDemand>, string[]]>([
    [{ maxConcurrentUsers: 200 }, []],
    [{ maxConcurrentUsers: 201 }, ["maxConcurrentUsers"]],
    [{ maxEventsPerSecond: 99.9 }, []],
    [{ maxEventsPerSecond: 100 }, ["maxEventsPerSecond"]],
    [{ maxJoinsPerSecond: 100 }, ["maxJoinsPerSecond"]],
    [{ maxChannelsPerClient: 100 }, []],
    [{ maxChannelsPerClient: 101 }, ["maxChannelsPerClient"]],
    [{ maxPayloadKb: 256.1 }, ["maxPayloadKb"]],
    [
      { maxConcurrentUsers: 300, maxJoinsPerSecond: 300 },
      ["maxConcurrentUsers", "maxJoinsPerSecond"],
    ],
  ])("of free are broken by %j: %j", (change, expected) => {
    expect(brokenLimits(demandOf(change), "free").map(({ limit }) => limit)).toEqual(expected);
  });

  it.each<[Partial<RealtimeDemand>, string | undefined]>([
    [{}, "free"],
    [{ maxConcurrentUsers: 201 }, "pro"],
    [{ maxConcurrentUsers: 501 }, "team"],
    [{ maxEventsPerSecond: 2_499 }, "team"],
    [{ maxEventsPerSecond: 2_500 }, undefined],
    [{ maxChannelsPerClient: 101 }, undefined],
  ])("for %j are carried by %s", (change, expected) => {
    expect(carryingTier(demandOf(change))).toBe(expected);
  });

  it("are told with the figure asked for and the figure allowed", () => {
    expect(describeBroken({ limit: "maxJoinsPerSecond", demand: 133.333, allowed: 100 })).toBe(
      "133.3 channel joins/s: must stay below 100",
    );
  });
});

const anyLoad: fc.Arbitrary<QuotaLoad> = fc.record({
  sessions: fc.integer({ min: 1, max: 19_000 }),
  rate: fc.double({ min: 0.1, max: 1_000, noNaN: true }),
  pipeline: fc.double({ min: 1, max: 3_600, noNaN: true }),
  ramp: fc.double({ min: 0, max: 600, noNaN: true }),
  payloadBytes: fc.integer({ min: 0, max: 65_536 }),
  gates: fc.integer({ min: 0, max: 100 }),
  replicas: fc.integer({ min: 1, max: 10 }),
  publish: fc.constantFrom("http", "websocket"),
  outage: fc.boolean(),
});

describe("the quota of any scenario", () => {
  it("is never smaller for more sessions, a higher rate, WebSockets or an outage", () => {
    fc.assert(
      fc.property(anyLoad, fc.integer({ min: 0, max: 1_000 }), (one, more) => {
        const least = realtimeDemand(one);
        for (const harder of [
          { sessions: one.sessions + more },
          { rate: one.rate + more },
          { publish: "websocket" as const },
          { outage: true },
        ]) {
          const demand = realtimeDemand({ ...one, ...harder });
          for (const key of Object.keys(least) as (keyof RealtimeDemand)[]) {
            expect(demand[key]).toBeGreaterThanOrEqual(least[key]);
          }
        }
      }),
    );
  });

  it("is carried by the plan that is named, and by no smaller one", () => {
    fc.assert(
      fc.property(anyLoad, (one) => {
        const demand = realtimeDemand(one);
        const plan = carryingTier(demand);
        const plans: RealtimeTier[] = REALTIME_TIERS.filter((name) => name !== "none");
        const smaller = plan === undefined ? plans : plans.slice(0, plans.indexOf(plan));
        for (const name of smaller) expect(brokenLimits(demand, name)).not.toEqual([]);
        if (plan !== undefined) expect(brokenLimits(demand, plan)).toEqual([]);
      }),
    );
  });

  it("names what is asked for and what is allowed of every broken limit", () => {
    fc.assert(
      fc.property(anyLoad, fc.constantFrom(...REALTIME_TIERS), (one, plan) => {
        const demand = realtimeDemand(one);
        for (const broken of brokenLimits(demand, plan)) {
          expect(broken.allowed).toBe(TIER_LIMITS[plan][broken.limit]);
          expect(broken.demand).toBeGreaterThanOrEqual(broken.allowed);
        }
      }),
    );
  });
});
