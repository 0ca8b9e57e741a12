import { describe, expect, it } from "vitest";
import { judgeFixture } from "./test-support/judge-fixture.ts";

const same = (ms: number) => ({ p50: ms, p90: ms, p99: ms, p999: ms, max: ms });
const NONE = { count: 0, failed: 0, retries: 0, durationMs: null };

describe("the whole result", () => {
  it("of a run that lost an event between two streams", async () => {
    expect(await judgeFixture("outcome-lost")).toEqual({
      topology: "example",
      bounce: "crash",
      repeat: 1,
      order: null,
      verdict: "valid",
      expectation: "Nothing is lost.",
      reasons: [],
      sessions: 1,
      due: 3,
      delivered: 2,
      recovered: 0,
      lost: 1,
      neverPublished: 0,
      missed: 0,
      indeterminate: 0,
      duplicated: 0,
      reordered: 0,
      unexpected: 0,
      lossRatio: 1 / 3,
      missedRatio: 1 / 3,
      lostByCause: {
        "no-route": 0,
        "in-flight-at-disconnect": 0,
        "while-disconnected": 1,
        "replay-window-exceeded": 0,
        "epoch-changed": 0,
        "log-lost": 0,
        "broker-gap": 0,
        quota: 0,
        "started-twice": 0,
        unexplained: 0,
      },
      withoutLedger: null,
      stuckStreams: 0,
      stuck: { died: 0, terminalLost: 0, gaveUp: 0, neverStarted: 0, open: 0, untold: 0 },
      gates: { offered: 0, answered: 0, reachedPipeline: 0, stalled: 0 },
      // Published 0.5 ms after the intended time, read 2 ms after that.
      latencyMs: same(2.5),
      latency: {
        total: { samples: 2, ...same(2.5), resolved: true, floorMs: 0 },
        lateness: { samples: 3, ...same(0.5), resolved: true, floorMs: 0 },
        delivery: { samples: 2, ...same(2), resolved: true, floorMs: 0 },
      },
      recoveredDelayMs: null,
      newUsers: {
        during: { create: NONE, connect: NONE, start: NONE, gate: NONE, begin: NONE },
        outside: {
          create: NONE,
          connect: { ...NONE, count: 1 },
          start: NONE,
          gate: NONE,
          begin: { ...NONE, count: 1, durationMs: { samples: 1, ...same(50) } },
        },
      },
      deploy: {
        lengthS: 0.1,
        running: 1,
        killed: 0,
        killedNewcomers: 0,
        outlasting: { pipelines: 0, killed: 0, graceS: 0 },
        open: 1,
        dark: 0,
        // One event at 10 events/s.
        blackoutS: {
          livedOn: { streams: 1, mean: 0.1, deviation: 0 },
          doomed: { streams: 0, mean: 0, deviation: 0 },
        },
        stuckLivedOn: { stuck: 0, of: 1 },
        away: { cut: 1, neverBack: 0, p50Ms: 101, p99Ms: 101 },
        storm: { peakPerSecond: 1, peakPerCutStream: 1, curve: [1] },
        collateral: 0,
        withoutLedger: null,
      },
      steps: null,
      steady: {
        // 90 ms from `loaded` to the bounce.
        streamHours: 90 / 3_600_000,
        lost: 0,
        incidents: 0,
        lossesPerStreamHour: 0,
        incidentsPerStreamHour: 0,
        incidentsPerStreamHourAtMost: expect.closeTo((2.97 * 3600) / 0.09, -3) as number,
      },
      reconnects: {
        count: 1,
        downtimeMs: { p50: 101, p99: 101, max: 101 },
        timeTo95Ms: 111,
        timeTo100Ms: 111,
        peakPerSecond: 1,
      },
      affinity: { hitRatio: 0, misroutes: 1 },
      sessionsPerInstance: { a: { first: 0, last: 1 }, b: { first: 1, last: 0 } },
      bounces: [
        {
          kind: "crash",
          target: "b",
          startedMs: 140,
          endedMs: 240,
          open: 1,
          cut: 1,
          lost: 1,
          reconnects: 1,
        },
      ],
      load: {
        offeredEventsPerSecond: 3,
        achievedEventsPerSecond: 3,
        engineLagMs: { p99: 1, max: 4 },
        cpuSeconds: 1.5,
        rssBytes: 80000000,
        host: null,
      },
      realtime: null,
      brokerHop: null,
      quota: null,
      costs: [],
    });
  });

  it("has only published pairs in the denominator of the lost ones", async () => {
    const result = await judgeFixture("cause-in-flight-at-disconnect-of-the-publisher");
    expect(result).toMatchObject({ due: 3, lost: 1, neverPublished: 1, lossRatio: 1 / 2 });
    expect(result.missedRatio).toBe(2 / 3);
  });

  it("excludes replayed events from the latency, which would show the outage's length", async () => {
    const { latencyMs } = await judgeFixture("outcome-recovered");
    expect(latencyMs?.max).toBe(2.5);
  });

  it("counts an offered but unreached gate as stalled, and ignores a refused answer", async () => {
    const { gates } = await judgeFixture("gate-stalled-without-a-route-home");
    expect(gates).toEqual({ offered: 1, answered: 0, reachedPipeline: 0, stalled: 1 });
  });
});
