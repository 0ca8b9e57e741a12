import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
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
