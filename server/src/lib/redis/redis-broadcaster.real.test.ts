import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { Logger } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { foreignEvent } from "../../../test-support/foreign-event.ts";
import { memoryLog } from "../../../test-support/memory-log.ts";
import { startTestServer, type TestServer } from "../../../test-support/test-server.ts";
import { nowMs } from "../../../../common/clock.ts";
import { freePort, startValkey, type TestValkey } from "../../../test-support/valkey.ts";

const running: { stop(): Promise<void> }[] = [];
let ledgerDir: string;
beforeEach(async () => {
  ledgerDir = await mkdtemp(join(tmpdir(), "sse-server-ledger-"));
});
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
  await rm(ledgerDir, { recursive: true });
});

async function valkeyOn(port?: number): Promise<TestValkey> {
  const valkey = await startValkey(port);
  running.push(valkey);
  return valkey;
}

async function serversWith(
  redisUrl: string,
  count: number,
  logger?: Logger,
): Promise<TestServer[]> {
  const servers: TestServer[] = [];
  for (let number = 1; number <= count; number++) {
    const environment = {
      INSTANCE: `server-${number}`,
      REDIS_URL: redisUrl,
      FF_REDIS_SSE_BROADCAST: "true",
      LEDGER_DIR: join(ledgerDir, String(number)),
    };
    const server = await startTestServer(environment, logger);
    running.push(server);
    servers.push(server);
  }
  return servers;
}

async function brokerIs(server: TestServer, state: "up" | "down"): Promise<void> {
  await vi.waitFor(
    async () =>
      expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ broker: state }),
    { timeout: 15_000 },
  );
}

async function ledgerOf(number: number): Promise<Record<string, unknown>[]> {
  const dir = join(ledgerDir, String(number));
  const [file = ""] = await readdir(dir);
  const lines = (await readFile(join(dir, file), "utf8")).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("delivers to streams on every instance, once each and in order", async () => {
  const valkey = await valkeyOn();
  const [one, two, three] = (await serversWith(valkey.url, 3)) as [
    TestServer,
    TestServer,
    TestServer,
  ];
  const session = await one.api.createSession();
  const streams = [
    await one.api.connect(session),
    await two.api.connect(session),
    await two.api.connect(session),
  ];
  expect((await three.api.start(session, { events: 40 })).status).toBe(202);
  for (const stream of streams) {
    await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"));
    expect(stream.events.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    expect(stream.events.every(({ instance }) => instance === "server-3")).toBe(true);
    stream.close();
  }
});

test("does not deliver its own echo", async () => {
  const valkey = await valkeyOn();
  const [one, two] = (await serversWith(valkey.url, 2)) as [TestServer, TestServer];
  const session = await one.api.createSession();
  const [near, far] = [await one.api.connect(session), await two.api.connect(session)];
  await one.api.post(session, "messages", { text: "first" });
  await vi.waitFor(() => expect(far.types).toHaveLength(1));
  // What the other instance publishes comes after the echo of the first message, on the same
  // subscription.
  await two.api.post(session, "messages", { text: "second" });
  await vi.waitFor(() =>
    expect(near.events.map(({ payload }) => payload["text"])).toEqual(["first", "second"]),
  );
  expect(far.events.map(({ payload }) => payload["text"])).toEqual(["first", "second"]);
  near.close();
  far.close();
});

test("sends connected once its subscription is confirmed, then the held events", async () => {
  const valkey = await valkeyOn();
  const [one, two] = (await serversWith(valkey.url, 2)) as [TestServer, TestServer];
  const session = await one.api.createSession();
  valkey.pause();
  const stream = await one.api.open(session);
  await vi.waitFor(() => expect(stream.retries).toHaveLength(1));
  await one.api.post(session, "messages", { text: "while waiting" });
  expect(stream.messages).toEqual([]);
  const resumedMs = nowMs();
  valkey.resume();
  await vi.waitFor(() =>
    expect(stream.messages.map(({ event }) => event)).toEqual(["connected", "chat_message"]),
  );
  expect(stream.notice.subscribedMs).toBeGreaterThan(resumedMs);
  await two.api.post(session, "messages", { text: "from afar" });
  await vi.waitFor(() => expect(stream.events.at(-1)?.payload["text"]).toBe("from afar"));
  stream.close();
});

test("delivers locally if Redis crashes during a subscription", async () => {
  const valkey = await valkeyOn();
  const [one] = (await serversWith(valkey.url, 1)) as [TestServer];
  const session = await one.api.createSession();
  valkey.pause();
  const stream = await one.api.open(session);
  await vi.waitFor(() => expect(stream.retries).toHaveLength(1));
  await valkey.kill();
  await vi.waitFor(() => expect(stream.messages.map(({ event }) => event)).toEqual(["connected"]));
  await one.api.post(session, "messages", { text: "alone" });
  await vi.waitFor(() => expect(stream.types).toEqual(["chat_message"]));
  stream.close();
});

test("starts without Redis, delivers locally, and connects the instances later", async () => {
  const port = await freePort();
  const [one, two] = (await serversWith(`redis://127.0.0.1:${port}`, 2)) as [
    TestServer,
    TestServer,
  ];
  const session = await one.api.createSession();
  const [near, far] = [await one.api.connect(session), await two.api.connect(session)];
  await one.api.post(session, "messages", { text: "alone" });
  await vi.waitFor(() => expect(near.types).toHaveLength(1));

  await valkeyOn(port);
  await brokerIs(one, "up");
  await brokerIs(two, "up");
  await one.api.post(session, "messages", { text: "together" });
  await vi.waitFor(() =>
    expect(far.events.map(({ payload }) => payload["text"])).toEqual(["together"]),
  );
  expect(near.events).toHaveLength(2);

  const records = await ledgerOf(1);
  expect(records.filter(({ kind }) => kind === "broker").map(({ state }) => state)).toEqual([
    "down",
    "up",
  ]);
  expect(records.filter(({ kind }) => kind === "published").map(({ route }) => route)).toEqual([
    "fallback",
    "broker",
  ]);
  near.close();
  far.close();
});

test("falls back without Redis, subscribes again later, and sends nothing late", async () => {
  const valkey = await valkeyOn();
  const [one, two] = (await serversWith(valkey.url, 2)) as [TestServer, TestServer];
  const session = await one.api.createSession();
  const [near, far] = [await one.api.connect(session), await two.api.connect(session)];
  await valkey.kill();
  await brokerIs(one, "down");
  await brokerIs(two, "down");
  expect((await fetch(`${one.url}/readyz`)).status).toBe(200);
  await one.api.post(session, "messages", { text: "lost on the way" });
  await vi.waitFor(() => expect(near.types).toHaveLength(1));
  // A stream that opens during the outage is told connected in spite of it, and is reached after
  // it.
  const late = await two.api.connect(session);

  await valkey.restart();
  await brokerIs(one, "up");
  await brokerIs(two, "up");
  await one.api.post(session, "messages", { text: "after" });
  for (const stream of [far, late])
    await vi.waitFor(() =>
      expect(stream.events.map(({ payload }) => payload["text"])).toEqual(["after"]),
    );
  expect(
    (await ledgerOf(1)).filter(({ kind }) => kind === "broker").map(({ state }) => state),
  ).toEqual(["up", "down", "up"]);
  for (const stream of [near, far, late]) stream.close();
});

test("notices that Redis hangs with open connections", async () => {
  const valkey = await valkeyOn();
  const [one] = (await serversWith(valkey.url, 1)) as [TestServer];
  const session = await one.api.createSession();
  const near = await one.api.connect(session);
  valkey.pause();
  try {
    await brokerIs(one, "down");
    await one.api.post(session, "messages", { text: "still here" });
    await vi.waitFor(() => expect(near.types).toHaveLength(1));
    // The wait for a subscription is bounded.
    (await one.api.connect(await one.api.createSession())).close();
  } finally {
    valkey.resume();
  }
  await brokerIs(one, "up");
  near.close();
});

test("ends the subscription after the last stream", async () => {
  const valkey = await valkeyOn();
  const [one] = (await serversWith(valkey.url, 1)) as [TestServer];
  const session = await one.api.createSession();
  const streams = [await one.api.connect(session), await one.api.connect(session)];
  const probe = new Redis(valkey.url);
  running.push({ stop: async () => probe.quit().then(() => {}) });
  const subscribers = async (): Promise<unknown> =>
    ((await probe.call("PUBSUB", "NUMSUB", `sse:session:${session.sessionId}`)) as unknown[])[1];
  expect(await subscribers()).toBe(1);
  streams[0]?.close();
  await one.api.post(session, "messages", { text: "for the other" });
  await vi.waitFor(() => expect(streams[1]?.types).toHaveLength(1));
  expect(await subscribers()).toBe(1);
  streams[1]?.close();
  await vi.waitFor(async () => expect(await subscribers()).toBe(0));
});

test("drops messages that are not the session's events, and logs one line", async () => {
  const valkey = await valkeyOn();
  const { logger, entries } = memoryLog();
  const [one, two] = (await serversWith(valkey.url, 2, logger)) as [TestServer, TestServer];
  const session = await one.api.createSession();
  const stream = await one.api.connect(session);
  const stranger = new Redis(valkey.url);
  running.push({ stop: async () => stranger.quit().then(() => {}) });
  const event = foreignEvent(session.sessionId);
  const deep = JSON.stringify({ event }).replace(
    "{}",
    `{"a":${"[".repeat(6000)}${"]".repeat(6000)}}`,
  );
  const garbage = [
    "",
    "garbage",
    "{",
    "null",
    "[]",
    "{}",
    '{"event":null}',
    '{"event":7}',
    JSON.stringify({ event: { ...event, type: "made-up\ndata: x" } }),
    JSON.stringify({ event: { ...event, epoch: "a\nb" } }),
    JSON.stringify({ event: { ...event, seq: "1" } }),
    JSON.stringify({ event: { ...event, sessionId: "another" } }),
    JSON.stringify({ event }).replace("{}", '{"id":9007199254740993}'),
    deep,
    Buffer.from(JSON.stringify({ event }).replace("{}", '{"text":"\xff"}'), "latin1"),
  ];
  for (const message of garbage)
    await stranger.publish(`sse:session:${session.sessionId}`, message);

  await two.api.post(session, "messages", { text: "after the garbage" });
  await vi.waitFor(() =>
    expect(stream.events.map(({ payload }) => payload["text"])).toEqual(["after the garbage"]),
  );
  expect(await (await fetch(`${one.url}/metrics`)).text()).toContain(
    `broker_malformed_messages_total ${garbage.length}\n`,
  );
  expect(entries).toMatchObject([{ level: 40, sessionId: session.sessionId, dropped: 1 }]);
  stream.close();
});
