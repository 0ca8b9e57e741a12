/** What k6 shows while the script runs, on the double of k6 against a scripted service. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectedFrame, ScriptedService } from "../harness/load/test-support/scripted-service.ts";
import { startServer } from "../harness/load/test-support/start-server.ts";
import { ofKind, runScript } from "./test-support/run-script.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "live-metrics-"))));
afterEach(() => rm(folder, { recursive: true }));

interface Point {
  metric: string;
  data: { time: string; value: number; tags: Record<string, string> };
}

test("latency, streams and events have a sample at the time at which they happen", async () => {
  const server = await startServer({ INSTANCE: "server-1" });
  const file = join(folder, "points.json");
  try {
    const load = { URL: server.url, SESSIONS: "2", RATE: "5", DURATION: "2" };
    const { exitCode, records, k6 } = await runScript("sse", load, ["--out", `json=${file}`]);
    expect(exitCode).toBe(0);
    const points = (await readFile(file, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Point);
    const timesOf = (metric: string): number[] =>
      points.filter((one) => one.metric === metric).map(({ data }) => Date.parse(data.time));
    expect(timesOf("sse_events_received")).toHaveLength(ofKind(records, "received").length);
    expect(timesOf("sse_streams_opened")).toHaveLength(2);
    expect(timesOf("sse_streams_ended")).toHaveLength(2);
    // One per event, and all but the last before anything is judged.
    const latencies = timesOf("sse_event_latency");
    expect(latencies).toHaveLength(20);
    const judged = Math.min(...timesOf("sse_sessions"));
    expect(latencies.filter((time) => time < judged).length).toBeGreaterThanOrEqual(18);
    expect(k6?.metrics["sse_event_latency"]?.values["count"]).toBe(20);
  } finally {
    await server.stop();
  }
});

test("a threshold with abortOnFail ends the test while it runs", async () => {
  const service = await ScriptedService.start();
  service.onStream = (_attempt, _request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(connectedFrame("s0"));
    return true;
  };
  try {
    const { exitCode, stderr, records } = await runScript("sse", {
      URL: service.url,
      DURATION: "60",
      THRESHOLDS: JSON.stringify({
        sse_streams_opened: [{ threshold: "count==0", abortOnFail: true }],
      }),
    });
    expect(stderr).toContain("sse_streams_opened");
    expect(exitCode).toBe(99);
    expect(ofKind(records, "k6-ended")).toEqual([]);
  } finally {
    await service.stop();
  }
});

test("a switch of k6 that replaces the sessions is refused with the fix", async () => {
  const { stderr } = await runScript("sse", { URL: "http://127.0.0.1:1", K6_DOUBLE_EXECUTOR: "x" });
  expect(stderr).toContain("leave out --vus, --duration, --iterations and --stages");
});
