import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  startStandIn,
  type TestStandIn,
} from "../../../standins/realtime/server/test-support/start-stand-in.ts";
import type { Observation } from "../../history/observation.ts";
import { runLoad } from "./run-load.ts";
import { smallPlan } from "../test-support/load-plan.ts";
import { ofType, readHistory } from "../test-support/read-history.ts";
import { startServer, type StartedServer } from "../test-support/start-server.ts";

let standIn: TestStandIn;
let server: StartedServer;
let historyDir: string;
const serverFor = async ({
  url,
  serviceKey,
  jwtSecret,
  anonKey,
}: TestStandIn): Promise<StartedServer> =>
  startServer({
    FF_SUPABASE_SSE_BROADCAST: "true",
    REALTIME_URL: url,
    REALTIME_KEY: serviceKey,
    REALTIME_JWT_SECRET: jwtSecret,
    REALTIME_ANON_KEY: anonKey,
  });
beforeAll(async () => {
  standIn = await startStandIn();
  server = await serverFor(standIn);
});
afterAll(async () => {
  await server.stop();
  await standIn.stop();
});
beforeEach(async () => void (historyDir = await mkdtemp(join(tmpdir(), "load-test-"))));
afterEach(() => rm(historyDir, { recursive: true }));

const run = async (changes: Parameters<typeof smallPlan>[1]): Promise<Observation[]> => {
  const plan = smallPlan(server.url, { client: "realtime", ...changes });
  return readHistory((await runLoad(plan, { historyDir })).segments);
};

test(
  "every planned event of 30 sessions arrives once and in order over Realtime, and every " +
    "gate is answered",
  async () => {
    const history = await run({
      sessions: 30,
      eventsPerSecond: 10,
      durationS: 2,
      rampS: 1,
      gates: 2,
    });
    const received = ofType(history, "received");
    for (const { session, events } of ofType(history, "planned")) {
      const seqs = received.filter((one) => one.session === session).map((one) => one.seq);
      expect(seqs).toEqual(Array.from({ length: events }, (_, i) => i + 1));
    }
    expect(received.filter((one) => one.terminal)).toHaveLength(30);
    expect(received.every(({ sentMs = Infinity, atMs }) => sentMs <= atMs)).toBe(true);
    expect(
      ofType(history, "connected").map(({ connection, instance, resume }) => [
        connection,
        instance,
        resume,
      ]),
    ).toEqual(Array(30).fill([1, undefined, "none"]));
    expect(ofType(history, "connect-failed")).toEqual([]);
    expect(ofType(history, "disconnected").map((one) => one.reason)).toEqual(
      Array(30).fill("finished"),
    );
    expect(ofType(history, "gate").map((one) => one.status)).toEqual(Array(60).fill(202));
  },
);

test("a service that does not speak of Realtime is a failure that says so, and no crash", async () => {
  const plain = await startServer();
  try {
    const plan = smallPlan(plain.url, { client: "realtime", sessions: 2, drainS: 600 });
    const history = await readHistory((await runLoad(plan, { historyDir })).segments);
    expect(ofType(history, "connect-failed")).toMatchObject(
      Array(2).fill({
        fatal: true,
        status: 0,
        reason: expect.stringContaining("FF_SUPABASE_SSE_BROADCAST") as string,
      }),
    );
    expect(ofType(history, "received")).toEqual([]);
  } finally {
    await plain.stop();
  }
});
