import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readHistory } from "../history/read-history.ts";
import { judgeHistory } from "./judge-history.ts";
import type { RunResult } from "./run-result.ts";

async function judge(name: string): Promise<RunResult> {
  const path = fileURLToPath(new URL(`fixtures/${name}.ndjson`, import.meta.url));
  const results: RunResult[] = [];
  for await (const result of judgeHistory(readHistory(path))) results.push(result);
  expect(results).toHaveLength(1);
  return results[0]!;
}

describe("the whole result", () => {
  it("of a run that lost an event between two streams", async () => {
    expect(await judge("outcome-lost")).toEqual({
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
        "broker-gap": 0,
        quota: 0,
        unexplained: 0,
      },
      stuckStreams: 0,
      stuck: null,
      gates: { offered: 0, answered: 0, reachedPipeline: 0, stalled: 0 },
      // Published 0.5 ms after the intended time, read 2 ms after that.
      latencyMs: { p50: 2.5, p90: 2.5, p99: 2.5, p999: 2.5, max: 2.5 },
      latency: null,
      recoveredDelayMs: null,
      newUsers: null,
      deploy: null,
      steady: null,
      reconnects: {
        count: 1,
        downtimeMs: { p50: 101, p99: 101, max: 101 },
        timeTo95Ms: 111,
        timeTo100Ms: 111,
        peakPerSecond: 1,
      },
      affinity: { hitRatio: 1, misroutes: 0 },
      sessionsPerInstance: { a: { first: 1, last: 1 }, b: { first: 0, last: 0 } },
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
        engineLagMs: { p99: 2, max: 4 },
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
    const result = await judge("cause-in-flight-at-disconnect-of-the-publisher");
    expect(result).toMatchObject({ due: 3, lost: 1, neverPublished: 1, lossRatio: 1 / 2 });
    expect(result.missedRatio).toBe(2 / 3);
  });

  it("excludes replayed events from the latency, which would show the outage's length", async () => {
    const { latencyMs } = await judge("outcome-recovered");
    expect(latencyMs?.max).toBe(2.5);
  });

  it("counts an offered but unreached gate as stalled, and ignores a refused answer", async () => {
    const { gates } = await judge("gate-stalled-without-a-route-home");
    expect(gates).toEqual({ offered: 1, answered: 0, reachedPipeline: 0, stalled: 1 });
  });
});
