/** The script, as it is and bundled, on the double of k6 against the real server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromRoot } from "../common/paths.ts";
import { runDouble } from "../standins/k6/run-double.ts";
import { startServer, type StartedServer } from "../harness/load/test-support/start-server.ts";
import { scheduleSessions } from "../harness/load/portable/load-schedule.ts";
import { plannedLoad } from "../harness/load/portable/load-plan.ts";
import { smallPlan } from "../harness/load/test-support/load-plan.ts";
import {
  countOf,
  ofKind,
  runScript,
  startScript,
  type ScriptRun,
} from "./test-support/run-script.ts";

const LOAD = {
  ARRIVAL: "ramp",
  SESSIONS: "8",
  RATE: "10",
  DURATION: "1",
  RAMP: "0.5",
  GATES: "1",
  SEED: "3",
};

describe("a load", () => {
  let server: StartedServer;
  let result: ScriptRun;
  beforeAll(async () => {
    server = await startServer({ INSTANCE: "server-1", LOG_LEVEL: "info" });
    result = await runScript("sse", { URL: server.url, REPEAT: "2", ...LOAD });
  });
  afterAll(() => server.stop());

  test("is put on the server as planned, and everything arrives", () => {
    const { records, exitCode, stderr, summary } = result;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const sessions = Array.from({ length: 8 }, (_, index) => `s${index}`);
    for (const session of sessions) {
      const own = records.filter((one) => "session" in one && one.session === session);
      expect(own[0]?.type).toBe("k6-arrived");
      expect(own.at(-1)?.type).toBe("k6-ended");
      expect(ofKind(own, "received").map(({ seq }) => seq)).toEqual([
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
      ]);
      expect(ofKind(own, "gate").map(({ status }) => status)).toEqual([202]);
      expect(ofKind(own, "disconnected").map(({ reason }) => reason)).toEqual(["finished"]);
    }
    expect(summary?.runs[0]).toMatchObject({
      topology: "phase0",
      verdict: "valid",
      repeat: 2,
      sessions: 8,
      due: 80,
      delivered: 80,
      lost: 0,
      stuckStreams: 0,
      gates: { offered: 8, answered: 8, reachedPipeline: 8, stalled: 0 },
    });
  });

  test.each(["sse", "plain-sse"])("%s.ts runs as it is, without a bundle", async (name) => {
    const { exitCode, stderr, stdout } = await runDouble({
      script: { file: fromRoot(`loadtests/${name}.ts`) },
      env: { URL: server.url, ...LOAD },
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/"sse_event_latency"/);
  });

  test("is the native engine's load of the same seed", () => {
    const { plan } = ofKind(result.records, "k6-plan")[0] ?? {};
    expect(plan).toEqual(
      plannedLoad(
        smallPlan(server.url, {
          sessions: 8,
          eventsPerSecond: 10,
          durationS: 1,
          pipelineS: 8,
          warmUpS: 1.5,
          rampS: 0.5,
          drainS: 20,
          gates: 1,
          seed: 3,
          repeat: 2,
        }),
      ),
    );
    const schedule = scheduleSessions(plan!);
    const arrived = ofKind(result.records, "k6-arrived");
    const starts = arrived.map(
      ({ session, dueMs }) =>
        dueMs - (schedule.find((one) => one.session === session)?.arriveOffsetMs ?? NaN),
    );
    // One scenario's start, as each VU worked it out from k6's clocks: these show whole
    // milliseconds.
    expect(Math.max(...starts) - Math.min(...starts)).toBeLessThan(3);
    for (const { dueMs, atMs } of arrived) expect(atMs).toBeGreaterThanOrEqual(dueMs - 1);
    for (const { session, background } of schedule) {
      const asked = ofKind(result.records, "request").filter((one) => one.session === session);
      expect(asked.filter(({ request }) => request === "background")).toHaveLength(
        background.reduce((sum, count) => sum + count, 0),
      );
    }
  });

  test("is told to k6 in the design's words, with topology, bounce and instance", () => {
    const { k6 } = result;
    expect(k6?.metrics["sse_event_latency"]?.values).toMatchObject({ count: 80 });
    expect(k6?.metrics["sse_event_latency"]?.values["max"]).toBeLessThan(1_000);
    for (const [name, thresholds] of [
      ["sse_events_due", "count>0"],
      ["sse_events_lost", "count==0"],
      ["sse_stuck_streams", "count==0"],
    ] as const)
      expect(k6?.metrics[name]?.thresholds?.[thresholds]).toEqual({ ok: true });
    expect(result.stdout).toContain("phase0, bounce none, repeat 2: valid");
  });

  test("is read from lines of one process, each with a hundred records at most", () => {
    expect(new Set(result.lines.map(({ process }) => process)).size).toBe(1);
    for (const { records } of result.lines) expect(records.length).toBeLessThanOrEqual(100);
    const clocks = ofKind(result.records, "k6-clock");
    expect(clocks.length).toBeGreaterThanOrEqual(8);
    for (const { instance, askedMs, answeredMs } of clocks) {
      expect(instance).toBe("server-1");
      expect(answeredMs).toBeGreaterThanOrEqual(askedMs);
    }
  });

  test("is shared by segments of a test on several machines", async () => {
    const halves = await Promise.all(
      ["0:1/2", "1/2:1"].map((segment) =>
        runScript("sse", { URL: server.url, ...LOAD }, [
          "--execution-segment",
          segment,
          "--execution-segment-sequence",
          "0,1/2,1",
        ]),
      ),
    );
    const sessions = halves.map(({ records }) =>
      ofKind(records, "k6-ended").map(({ session }) => session),
    );
    expect(sessions.map(({ length }) => length)).toEqual([4, 4]);
    expect(new Set(sessions.flat()).size).toBe(8);
    expect(new Set(halves.flatMap(({ lines }) => lines.map(({ process }) => process))).size).toBe(
      2,
    );
    for (const half of halves) expect(countOf(half, "sse_events_delivered")).toBe(40);
  });
});

test("an instance that is gone for good ends no session early and none late, and fails the run", async () => {
  const server = await startServer();
  const running = await startScript("sse", { URL: server.url, ...LOAD, DURATION: "6", DRAIN: "1" });
  await running.waitFor(
    (records) => new Set(ofKind(records, "received").map(({ session }) => session)).size === 8,
  );
  await server.stop();
  const result = await running.finished;
  expect(ofKind(result.records, "k6-ended")).toHaveLength(8);
  expect(result.exitCode).toBe(99);
  const run = result.summary?.runs[0];
  expect(run).toMatchObject({ verdict: "unknown", due: 480, stuckStreams: 8, sessions: 8 });
  expect(run?.indeterminate).toBeGreaterThan(0);
});

test("a load that cannot be run is refused before anything is sent", async () => {
  const result = await runScript("sse", { SESSIONS: "many", TOPOLOGY: "phase3" });
  expect(result.exitCode).not.toBe(0);
  expect(result.stderr).toContain(
    'SESSIONS: "many" is not a number: give 1 to 19000 concurrent streams',
  );
  expect(result.stderr).toContain(
    'TOPOLOGY "phase3": this script does not follow it; realtime.ts does',
  );
  expect(result.lines).toEqual([]);
});
