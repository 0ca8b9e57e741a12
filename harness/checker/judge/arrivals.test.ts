import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observation, WithoutLedger } from "../../history/observation.ts";
import { runObservation } from "../../history/test-support/run-observation.ts";
import { judgeRun } from "../judge-run.ts";
import { judgeFixture } from "../test-support/judge-fixture.ts";
import { stripLedger } from "../test-support/strip-ledger.ts";
import { FRAME, story, tell } from "../test-support/told-story.ts";

const ALL: WithoutLedger = { sequence: true, total: true, terminal: true };
const RUN = runObservation({
  replicas: 2,
  load: { sessions: 6, eventsPerSecond: 10, durationS: 1, gates: 0 },
});
const ENGINE: Observation = { type: "engine", lagMs: { p99: 0, max: 0 }, workers: 1 };
const history = fc
  .array(story, { minLength: 1, maxLength: 6 })
  .map((stories) => [RUN, ENGINE, ...FRAME, ...stories.flatMap(tell)]);

describe("a run judged with and without its ledger", () => {
  it("has the same figures wherever both can know", () => {
    fc.assert(
      fc.property(history, (observations) => {
        const told = judgeRun(observations);
        const untold = judgeRun(stripLedger(observations, ALL));
        for (const figure of [
          "due",
          "delivered",
          "recovered",
          "missedRatio",
          "duplicated",
          "reordered",
          "stuckStreams",
          "reconnects",
          "affinity",
          "recoveredDelayMs",
        ] as const)
          expect(untold[figure], figure).toEqual(told[figure]);
        expect(untold.latency?.delivery).toEqual(told.latency?.delivery);
        expect(untold.missed).toBe(told.lost + told.neverPublished);
        expect([untold.lost, untold.neverPublished, untold.indeterminate]).toEqual([0, 0, 0]);
      }),
      { numRuns: 300 },
    );
  });

  it("counts replays as delivered if no event states its publish time", () => {
    fc.assert(
      fc.property(history, (observations) => {
        const told = judgeRun(observations);
        const untold = judgeRun(stripLedger(observations, ALL, false));
        expect(untold).toMatchObject({
          delivered: told.delivered + told.recovered,
          recovered: 0,
          missed: told.lost + told.neverPublished,
          latency: null,
        });
      }),
      { numRuns: 100 },
    );
  });

  it("misses no more than it can see if only the service knows the total", () => {
    fc.assert(
      fc.property(history, (observations) => {
        const whole = judgeRun(stripLedger(observations, ALL));
        const part = judgeRun(stripLedger(observations, { ...ALL, total: false }));
        const { missedIn } = whole.withoutLedger ?? {};
        const unseen = (missedIn?.["after-last"] ?? 0) + (missedIn?.["nothing-arrived"] ?? 0);
        expect(part.missed).toBe(whole.missed - unseen);
      }),
      { numRuns: 100 },
    );
  });

  it("has no pairs if events carry no numbers, and the same arrivals", () => {
    fc.assert(
      fc.property(history, (observations) => {
        const whole = judgeRun(stripLedger(observations, ALL));
        const part = judgeRun(stripLedger(observations, { ...ALL, sequence: false }));
        expect(part).toMatchObject({ due: 0, missed: 0, duplicated: 0 });
        expect(part.stuckStreams).toBe(whole.stuckStreams);
        expect(part.withoutLedger?.silenceMs).toEqual(whole.withoutLedger?.silenceMs);
        expect(part.withoutLedger?.events).toBe(
          observations.filter(({ type }) => type === "received").length,
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe("without a ledger", () => {
  it("takes the highest stated total if no terminal event came", () => {
    const received = (seq: number, total?: number): Observation => ({
      type: "received",
      session: "s0",
      connection: 1,
      epoch: "run",
      seq,
      ...(total === undefined ? {} : { total }),
      atMs: 1100 + seq,
    });
    const told = (total?: number): Observation[] => [
      { ...RUN, withoutLedger: { ...ALL, total: false } },
      ENGINE,
      ...FRAME,
      { type: "planned", session: "s0", events: 0, arriveMs: 1000 },
      {
        type: "connected",
        session: "s0",
        connection: 1,
        resume: "unknown",
        subscribedMs: 1050,
        atMs: 1050,
      },
      received(1, total),
      received(3),
    ];
    expect(judgeRun(told())).toMatchObject({ due: 3, missed: 1 });
    expect(judgeRun(told(7))).toMatchObject({ due: 7, missed: 5 });
  });

  it("tells where a series of missed events lies", async () => {
    const { withoutLedger, stuck } = await judgeFixture("remark-missed-where");
    expect(withoutLedger?.missedIn).toEqual({
      "on-a-stream": 1,
      "at-a-reconnect": 2,
      "after-last": 4,
      "nothing-arrived": 0,
      "never-connected": 5,
    });
    expect(stuck).toMatchObject({ untold: 1, gaveUp: 1 });
  });

  it("counts what a deploy took only from streams that received until it began", async () => {
    const { deploy } = await judgeFixture("remark-missed-where");
    // Three streams were open. They missed 2, 4 and 1 events; the last one's gap began before the
    // crash and ended after it.
    expect(deploy?.withoutLedger).toMatchObject({ missed: { streams: 3 }, stuck: 1, of: 3 });
    expect(deploy?.withoutLedger?.missed.mean).toBeCloseTo(7 / 3);
    expect(deploy).toMatchObject({ running: 0, collateral: 0, away: { cut: 2 } });
    const quiet = await judgeFixture("remark-nothing-arrived");
    expect(quiet.deploy?.withoutLedger).toMatchObject({ stuck: 0, of: 0 });
  });

  it("measures a stream's longest silence up to the drain if no end came", async () => {
    const { withoutLedger } = await judgeFixture("valid-without-ledger-and-numbers");
    expect(withoutLedger).toMatchObject({
      events: 7,
      perSession: { streams: 2, mean: 3.5 },
      // From the last event at 1390 to the start of the drain at 5000.
      silenceMs: { samples: 2, max: 3610 },
    });
  });
});
