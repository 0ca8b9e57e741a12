import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import {
  startStandIn,
  type TestStandIn,
} from "../standins/realtime/server/test-support/start-stand-in.ts";
import type { Observation } from "../harness/history/observation.ts";
import { bundleScript } from "../harness/load/k6/scripts/bundle-scripts.ts";
import { runK6Load } from "../harness/load/k6/run-k6-load.ts";
import type { LoadPlan } from "../harness/load/portable/load-plan.ts";
import {
  PageService,
  type PageServiceOptions,
} from "../harness/load/test-support/realtime/page-service.ts";
import { smallPlan } from "../harness/load/test-support/load-plan.ts";
import { ofType, readHistory } from "../harness/load/test-support/read-history.ts";
import { startServer } from "../harness/load/test-support/start-server.ts";
import { K6_DOUBLE, runDouble } from "../standins/k6/run-double.ts";

const SCRIPT = join(import.meta.dirname, "realtime.ts");
const PATIENCE = { timeout: 30_000, interval: 50 };
const k6 = { path: K6_DOUBLE, standIn: "k6-double", version: "2.3.0", extension: null };

let folder: string;
let script: string;
let historyDir: string;
let standIn: TestStandIn;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "k6-realtime-"));
  script = await bundleScript("realtime", folder);
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => void (historyDir = await mkdtemp(join(folder, "run-"))));
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const useStandIn = async (env: Record<string, string> = {}): Promise<TestStandIn> => {
  standIn = await startStandIn({ env });
  stops.push(() => standIn.stop());
  return standIn;
};
const useService = async (options: Omit<PageServiceOptions, "realtime">): Promise<PageService> => {
  const service = await PageService.start({ realtime: standIn, ...options });
  stops.push(() => service.stop());
  return service;
};
const run = async (url: string, changes: Partial<LoadPlan>): Promise<Observation[]> => {
  const plan = smallPlan(url, { client: "realtime", sessions: 1, ...changes });
  const { segments, engine, notes } = await runK6Load(plan, {
    historyDir,
    k6,
    script,
    labels: { topology: "phase3", bounce: "none", repeat: 1, replicas: 3 },
    env: process.env,
  });
  expect(notes).toEqual([]);
  expect(engine?.clockErrorMs).toBeLessThan(100);
  return readHistory(segments);
};
/** Until the script's console shows it. */
const shown = (text: string | RegExp): Promise<void> =>
  vi.waitFor(
    async () => expect(await readFile(join(historyDir, "k6-console.log"), "utf8")).toMatch(text),
    PATIENCE,
  );
const seqsOf = (history: Observation[], session: string): number[] =>
  ofType(history, "received")
    .filter((one) => one.session === session)
    .map((one) => one.seq);

test("every planned event of 12 sessions arrives once and in order, and every gate is answered", async () => {
  const { url, serviceKey, jwtSecret, anonKey } = await useStandIn();
  const server = await startServer({
    FF_SUPABASE_SSE_BROADCAST: "true",
    REALTIME_URL: url,
    REALTIME_KEY: serviceKey,
    REALTIME_JWT_SECRET: jwtSecret,
    REALTIME_ANON_KEY: anonKey,
  });
  stops.push(() => server.stop());
  const history = await run(server.url, {
    sessions: 12,
    eventsPerSecond: 10,
    durationS: 2,
    rampS: 1,
    gates: 2,
  });
  for (const { session, events } of ofType(history, "planned"))
    expect(seqsOf(history, session)).toEqual(Array.from({ length: events }, (_, i) => i + 1));
  const received = ofType(history, "received");
  expect(received.filter((one) => one.terminal)).toHaveLength(12);
  expect(received.every(({ sentMs }) => sentMs !== undefined)).toBe(true);
  const connected = ofType(history, "connected");
  expect(
    connected.map(({ connection, instance, resume }) => [connection, instance, resume]),
  ).toEqual(Array(12).fill([1, undefined, "none"]));
  expect(connected.every(({ subscribedMs, atMs }) => subscribedMs === atMs)).toBe(true);
  expect(ofType(history, "connect-failed")).toEqual([]);
  expect(ofType(history, "disconnected").map((one) => one.reason)).toEqual(
    Array(12).fill("finished"),
  );
  expect(ofType(history, "gate").map((one) => one.status)).toEqual(Array(24).fill(202));

  const env = {
    URL: server.url,
    OUT: ".",
    SESSIONS: "3",
    RATE: "5",
    ARRIVAL: "ramp",
    DURATION: "1",
    RAMP: "0.2",
    GATES: "0",
  };
  const alone = await runDouble({ script: { file: SCRIPT }, env });
  expect(alone).toMatchObject({ exitCode: 0, stderr: "" });
  const { metrics } = alone.summary as { metrics: Record<string, { values: { count: number } }> };
  const counts = ["due", "delivered", "lost", "indeterminate", "unexpected"].map(
    (name) => metrics[`sse_events_${name}`]?.values.count,
  );
  expect(counts).toEqual([15, 15, 0, 0, 0]);
});

test("a cut is survived: the channel is joined again, and the event log has what was missed", async () => {
  await useStandIn();
  const service = await useService({ total: 5, tokenTtlS: 60, catchUp: true });
  const running = run(service.url, { eventsPerSecond: 5, durationS: 1, drainS: 30 });
  await vi.waitFor(() => expect(service.started).toHaveLength(1), PATIENCE);
  await service.publish(2, 1, 1);
  await vi.waitFor(() => expect(service.gates).toHaveLength(1), PATIENCE);
  await standIn.kill();
  service.log(3, 4);
  await shown('"type":"disconnected"');
  await standIn.restart();
  await shown('"resume":"replayed"');
  await service.publish(5);
  const history = await running;
  expect(seqsOf(history, "s0")).toEqual([1, 2, 3, 4, 5]);
  expect(ofType(history, "disconnected")).toMatchObject([
    { connection: 1, reason: "error", detail: "socket closed: 1006" },
    { connection: 2, reason: "finished" },
  ]);
  expect(ofType(history, "connected")).toMatchObject([{ resume: "none" }, { resume: "replayed" }]);
  expect(ofType(history, "request").map(({ request, status }) => `${request} ${status}`)).toContain(
    "log 200",
  );
});

test("a token is renewed in time, and one that expired is replaced", async () => {
  await useStandIn();
  const service = await useService({ total: 3, tokenTtlS: 3, catchUp: false });
  const running = run(service.url, { eventsPerSecond: 3, durationS: 1, drainS: 30 });
  await shown(/"request":"token","status":200/);
  service.refuseTokens = 503;
  await shown(/"type":"disconnected"[^}]*expired/);
  service.refuseTokens = undefined;
  await shown(/"type":"connected"[^}]*"connection":2/);
  await service.publish(1, 2, 3);
  const history = await running;
  expect(seqsOf(history, "s0")).toEqual([1, 2, 3]);
  expect(ofType(history, "connected").map((one) => one.resume)).toEqual(["none", "unsupported"]);
  expect(ofType(history, "disconnected").map((one) => one.reason)).toEqual(["ended", "finished"]);
});

test(
  "a refusal for the project's limit is reported as one, and every session leaves at the " +
    "deadline",
  async () => {
    await useStandIn({ TENANT_MAX_CONCURRENT_USERS: "1" });
    const service = await useService({ total: 2, tokenTtlS: 60, catchUp: false });
    const history = await run(service.url, {
      sessions: 4,
      eventsPerSecond: 1,
      durationS: 3,
      rampS: 2,
      drainS: 3,
    });
    expect(ofType(history, "received")).toEqual([]);
    const admitted = ofType(history, "disconnected");
    expect(new Set(admitted.map((one) => one.reason))).toEqual(new Set(["drained"]));
    const failures = ofType(history, "connect-failed");
    expect(failures.length).toBeGreaterThan(0);
    for (const one of failures) {
      expect(admitted.map(({ session }) => session)).not.toContain(one.session);
      expect(one).toMatchObject({
        quota: true,
        fatal: false,
        reason: expect.stringContaining("Too many connected users") as string,
      });
    }
  },
);

test("a service that does not speak of Realtime is a failure that says so, and ends at once", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(201, { "content-type": "application/json" });
    response.end(JSON.stringify({ sessionId: "id", token: "t", epoch: "e1" }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(() => Promise.resolve(void server.close()));
  const { port } = server.address() as AddressInfo;
  const plan = smallPlan(`http://127.0.0.1:${port}`, {
    client: "realtime",
    sessions: 1,
    durationS: 1,
    drainS: 600,
  });
  const labels = { topology: "phase3", bounce: "none", repeat: 1, replicas: 3 } as const;
  const { segments } = await runK6Load(plan, { historyDir, k6, script, labels, env: process.env });
  expect(ofType(await readHistory(segments), "connect-failed")).toMatchObject([
    {
      fatal: true,
      status: 0,
      reason: expect.stringContaining("FF_SUPABASE_SSE_BROADCAST") as string,
    },
  ]);
});
