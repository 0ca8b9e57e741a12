import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { freePorts } from "../../../common/free-port.ts";
import { CAN_MOUNT, spawnOnSmallDisk } from "../../../common/test-support/small-disk.ts";
import { waitFor } from "../../../common/wait-for.ts";
import { buildStandIn } from "./build.ts";
import { connectRaw, type RawClient } from "./test-support/raw-client.ts";
import { startStandIn, type TestStandIn } from "./test-support/start-stand-in.ts";

let standIn: TestStandIn;
afterEach(() => standIn.stop());

const TOPIC = "realtime:t";

async function joined(): Promise<RawClient> {
  const url = `ws://127.0.0.1:${standIn.port}/socket/websocket?apikey=${standIn.serviceKey}&vsn=2.0.0`;
  const client = await connectRaw(url);
  client.send(["1", "1", TOPIC, "phx_join", { config: {} }]);
  expect(await client.next()).toMatchObject({ 4: { status: "ok" } });
  return client;
}

test("SIGTERM tells every channel and closes with 1012, also during a back-off", async () => {
  standIn = await startStandIn({ env: { CONNECT_ERROR_BACKOFF_MS: "600000" } });
  const client = await joined();
  const waiting = connectRaw(`ws://127.0.0.1:${standIn.port}/socket/websocket`);
  waiting.catch(() => {});
  await client.settle();
  const exited = once(standIn.process(), "exit");
  standIn.process().kill("SIGTERM");
  const payload = { extension: "system", status: "ok", message: "Server requested disconnect" };
  expect(await client.next()).toEqual([null, null, TOPIC, "system", payload]);
  expect(await client.closed).toBe(1012);
  await expect(waiting).rejects.toThrow();
  expect((await exited)[0]).toBe(0);
});

test("after SIGKILL it starts again on the same port", async () => {
  standIn = await startStandIn();
  const client = await joined();
  await standIn.kill();
  expect(await client.closed).toBe(1006);
  await standIn.restart();
  (await joined()).ws.close();
});

test.skipIf(!CAN_MOUNT)("a full disk below its log stops no service and no end", async () => {
  standIn = await startStandIn();
  const [port = 0] = await freePorts(1);
  const disk = spawnOnSmallDisk([process.env["SSE_LAB_TEST_STANDIN"] ?? ""], {
    API_JWT_SECRET: standIn.jwtSecret,
    PORT: String(port),
    LOG_LEVEL: "debug",
  });
  const health = async (): Promise<true | string> =>
    (await fetch(`http://127.0.0.1:${port}/healthcheck`)).ok || "unhealthy";
  await waitFor({ name: "the stand-in", timeoutMs: 20_000, condition: health });
  disk.fill();
  const address = `ws://127.0.0.1:${port}/socket/websocket?apikey=${standIn.serviceKey}&vsn=2.0.0`;
  const client = await connectRaw(address);
  // A malformed frame is a line of the log.
  for (let frame = 0; frame < 100; frame++) client.ws.send("{");
  client.send(["1", "1", TOPIC, "phx_join", { config: {} }]);
  expect(await client.next()).toMatchObject({ 4: { status: "ok" } });
  expect(await health()).toBe(true);
  disk.kill("SIGTERM");
  expect(await disk.exited).toBe(0);
});

test("the bundle runs as one file under plain node", async () => {
  const dir = await mkdtemp(join(tmpdir(), "realtime-standin-"));
  try {
    const file = join(dir, "stand-in.mjs");
    await buildStandIn(file);
    standIn = await startStandIn({ file });
    (await joined()).ws.close();
  } finally {
    await rm(dir, { recursive: true });
  }
});
