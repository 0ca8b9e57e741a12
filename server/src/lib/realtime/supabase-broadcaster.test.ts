import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RealtimeClient, type RealtimeChannel } from "@supabase/realtime-js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import {
  startStandIn,
  type TestStandIn,
} from "../../../../standins/realtime/server/test-support/start-stand-in.ts";
import { spawnServer } from "../../../test-support/child-server.ts";
import { foreignEvent } from "../../../test-support/foreign-event.ts";
import { memoryLog } from "../../../test-support/memory-log.ts";
import {
  accountOf,
  readLedgers,
  realtimeEnvironment,
} from "../../../test-support/realtime-environment.ts";
import { eventId, subscribedPage } from "../../../test-support/realtime-page.ts";
import { startTestServer, type TestServer } from "../../../test-support/test-server.ts";
import type { RealtimeAccess, SessionCreated } from "../../contract/events.ts";

/** For what has to come; a busy host may take its time. */
const PATIENCE = { timeout: 30_000 };

const running: { stop(): Promise<void> }[] = [];
let ledgerDir: string;
beforeEach(async () => {
  ledgerDir = await mkdtemp(join(tmpdir(), "sse-server-ledger-"));
});
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
  await rm(ledgerDir, { recursive: true });
});

async function standIn(env: Record<string, string> = {}): Promise<TestStandIn> {
  const realtime = await startStandIn({ env });
  running.push(realtime);
  return realtime;
}

async function serverWith(
  realtime: TestStandIn,
  number: number,
  environment: Record<string, string> = {},
): Promise<TestServer> {
  const server = await startTestServer({
    ...realtimeEnvironment(realtime),
    INSTANCE: `server-${number}`,
    LEDGER_DIR: join(ledgerDir, String(number)),
    ...environment,
  });
  running.push(server);
  return server;
}

const accessOf = (session: SessionCreated): RealtimeAccess => {
  expect(session.realtime).toBeDefined();
  return session.realtime as RealtimeAccess;
};

/** Waits until what the instance's ledger tells of Realtime, in order, is this. */
const brokerWas = async (expected: RegExp, number = 1): Promise<void> =>
  vi.waitFor(async () => {
    const records = await readLedgers(join(ledgerDir, String(number)));
    const states = records.flatMap((record) => (record.kind === "broker" ? record.state : []));
    expect(states.join(" ")).toMatch(expected);
  }, PATIENCE);
/** Never away, and each limit that was met has ended. */
const LIMITS_MET = /^up( limited up)+$/;

/** The official client with the service key. */
function serviceClient({ url, serviceKey }: TestStandIn) {
  const client = new RealtimeClient(url, {
    params: { apikey: serviceKey },
    transport: WebSocket as never,
  });
  return {
    join: async (topic: string): Promise<RealtimeChannel> => {
      const channel = client.channel(topic, {
        config: { private: true, broadcast: { ack: true } },
      });
      channel.subscribe();
      await vi.waitFor(() => expect(channel.state).toBe("joined"), PATIENCE);
      return channel;
    },
    close: async () => client.removeAllChannels(),
  };
}

/** @returns the status of the answer */
async function post(realtime: TestStandIn, messages: object[]): Promise<number> {
  const { status } = await fetch(realtime.url.replace("/socket", "/api/broadcast"), {
    method: "POST",
    headers: { authorization: `Bearer ${realtime.serviceKey}`, "content-type": "application/json" },
    body: JSON.stringify({ messages }),
  });
  return status;
}

const idsOf = (session: SessionCreated, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${session.epoch}-${index + 1}`);

describe.each(["http", "websocket"])("published by %s", (REALTIME_PUBLISH) => {
  test("every event reaches the page that subscribes to Realtime itself, in order", async () => {
    const server = await serverWith(await standIn(), 1, { REALTIME_PUBLISH });
    const sessions = await Promise.all(
      Array.from({ length: 5 }, async () => server.api.createSession()),
    );
    const pages = await Promise.all(
      sessions.map(async (session) => subscribedPage(accessOf(session))),
    );
    for (const session of sessions)
      await server.api.start(session, { events: 60, eventsPerSecond: 300 });
    for (const [index, page] of pages.entries()) {
      const session = sessions[index] as SessionCreated;
      await vi.waitFor(() => expect(page.ids()).toEqual(idsOf(session, 60)), PATIENCE);
      for (const { sentMs, event } of page.received)
        expect(sentMs).toBeGreaterThanOrEqual(event.publishedMs);
      await page.close();
    }
    await server.stop();
    const records = await readLedgers(join(ledgerDir, "1"));
    expect(records[0]).toMatchObject({ kind: "boot", broadcaster: "supabase" });
    expect(records.filter(({ kind }) => kind === "broker")).toMatchObject([{ state: "up" }]);
    expect(accountOf(records)).toEqual({
      published: expect.anything() as unknown,
      dropped: new Map(),
    });
    for (const record of records)
      if (record.kind === "published") expect(record.route).toBe("broker");
  });

  test("streams on every instance get each event once", async () => {
    const realtime = await standIn();
    const one = await serverWith(realtime, 1, { REALTIME_PUBLISH });
    const two = await serverWith(realtime, 2, { REALTIME_PUBLISH });
    const session = await one.api.createSession();
    const streams = [
      await one.api.connect(session),
      await two.api.connect(session),
      await two.api.connect(session),
    ];
    await one.api.start(session, { events: 40 });
    for (const stream of streams) {
      await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"), PATIENCE);
      expect(stream.events.map(eventId)).toEqual(idsOf(session, 40));
      stream.close();
    }
  });

  test("events wait for the end of an outage and then arrive complete", async () => {
    const realtime = await standIn();
    const server = await serverWith(realtime, 1, { REALTIME_PUBLISH });
    const session = await server.api.createSession();
    const page = await subscribedPage(accessOf(session));
    await server.api.start(session, { events: 100, eventsPerSecond: 50 });
    await vi.waitFor(() => expect(page.received.length).toBeGreaterThan(5), PATIENCE);
    await realtime.kill();
    await vi.waitFor(
      async () =>
        expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({
          broker: "down",
        }),
      PATIENCE,
    );
    await realtime.restart();
    const late = await subscribedPage(accessOf(session));
    await vi.waitFor(() => expect(late.ids().at(-1)).toBe(`${session.epoch}-100`), PATIENCE);
    await page.close();
    await late.close();
    await server.stop();
    const records = await readLedgers(join(ledgerDir, "1"));
    expect(accountOf(records).dropped.size).toBe(0);
    expect(records.filter(({ kind }) => kind === "broker")).toMatchObject([
      { state: "up" },
      { state: "down" },
      { state: "up" },
    ]);
    // The publisher may be back before the page; from where the page was back on, nothing is
    // missing and nothing is out of order.
    const seqs = late.ids().map((id) => Number(id.split("-")[1]));
    expect(seqs).toEqual(
      Array.from({ length: seqs.length }, (_, index) => 101 - seqs.length + index),
    );
  });

  test("reports every event that the queue drops during an outage, and no other", async () => {
    const realtime = await standIn();
    const server = await serverWith(realtime, 1, {
      REALTIME_PUBLISH,
      REALTIME_QUEUE_BYTES: "4096",
    });
    const session = await server.api.createSession();
    const stream = await server.api.connect(session);
    await realtime.kill();
    await server.api.start(session, { events: 200, eventsPerSecond: 1000 });
    await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"), PATIENCE);
    await server.stop();
    const { published, dropped } = accountOf(await readLedgers(join(ledgerDir, "1")));
    expect(published).toEqual(idsOf(session, 200));
    expect([...dropped.keys()].sort()).toEqual([...published].sort());
    expect(new Set(dropped.values())).toEqual(new Set(["outage"]));
    stream.close();
  });

  test("loses no event at SIGTERM, and the page stays subscribed", async () => {
    const realtime = await standIn();
    const child = await spawnServer({
      ...realtimeEnvironment(realtime),
      REALTIME_PUBLISH,
      LEDGER_DIR: ledgerDir,
      DRAIN_GRACE_MS: "200",
    });
    running.push({
      stop: async () => {
        child.process.kill("SIGKILL");
        await child.exited;
      },
    });
    const sessions = await Promise.all(
      Array.from({ length: 4 }, async () => child.api.createSession()),
    );
    const pages = await Promise.all(
      sessions.map(async (session) => subscribedPage(accessOf(session))),
    );
    for (const session of sessions)
      await child.api.start(session, { events: 100_000, eventsPerSecond: 500 });
    await vi.waitFor(
      () => expect(pages.every(({ received }) => received.length > 20)).toBe(true),
      PATIENCE,
    );
    child.process.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    const { published, dropped } = accountOf(await readLedgers(ledgerDir));
    expect(dropped.size).toBe(0);
    await vi.waitFor(
      () => expect(pages.flatMap((page) => page.ids()).sort()).toEqual([...published].sort()),
      PATIENCE,
    );
    for (const page of pages) {
      expect(page.statuses).toEqual(["SUBSCRIBED"]);
      await page.close();
    }
  });

  test("the ledger has every event that a page saw before a SIGKILL", async () => {
    const realtime = await standIn();
    const child = await spawnServer({
      ...realtimeEnvironment(realtime),
      REALTIME_PUBLISH,
      LEDGER_DIR: ledgerDir,
    });
    const session = await child.api.createSession();
    const page = await subscribedPage(accessOf(session));
    await child.api.start(session, { events: 100_000, eventsPerSecond: 2000 });
    await vi.waitFor(() => expect(page.received.length).toBeGreaterThan(300), PATIENCE);
    child.process.kill("SIGKILL");
    expect(await child.exited).toBe("SIGKILL");
    const published = new Set(accountOf(await readLedgers(ledgerDir)).published);
    expect(page.ids().filter((id) => !published.has(id))).toEqual([]);
    expect(page.ids()).toEqual(idsOf(session, page.ids().length));
    await page.close();
  });

  test("drops messages that are not the session's events", async () => {
    const realtime = await standIn();
    const { logger, entries } = memoryLog();
    const server = await startTestServer(
      { ...realtimeEnvironment(realtime), REALTIME_PUBLISH },
      logger,
    );
    running.push(server);
    const session = await server.api.createSession();
    const stream = await server.api.connect(session);
    const event = foreignEvent(session.sessionId);
    const garbage = [
      {},
      { event: null },
      { event: { ...event, epoch: "a\nb" } },
      { event: { ...event, sessionId: "x" } },
    ];
    const messages = [...garbage, { event }].map((payload) => ({
      topic: `sse:session:${session.sessionId}`,
      event: "replan",
      private: true,
      payload,
    }));
    expect(await post(realtime, messages)).toBe(202);
    await vi.waitFor(() => expect(stream.types).toEqual(["replan"]), PATIENCE);
    expect(entries).toMatchObject([{ level: 40, sessionId: session.sessionId, dropped: 1 }]);
    stream.close();
  });
});

test("by websocket, only the session above the channel limit loses its events", async () => {
  const realtime = await standIn({ TENANT_MAX_CHANNELS_PER_CLIENT: "4" });
  const server = await serverWith(realtime, 1, { REALTIME_PUBLISH: "websocket" });
  // One channel is taken by the instances themselves.
  const sessions = await Promise.all(
    Array.from({ length: 4 }, async () => server.api.createSession()),
  );
  const pages = await Promise.all(
    sessions.map(async (session) => subscribedPage(accessOf(session))),
  );
  for (const [index, session] of sessions.entries()) {
    await server.api.start(session, { events: 20 });
    if (index < 3)
      await vi.waitFor(() => expect(pages[index]?.ids()).toEqual(idsOf(session, 20)), PATIENCE);
  }
  const refused = sessions[3] as SessionCreated;
  await vi.waitFor(async () => {
    const { dropped } = accountOf(await readLedgers(join(ledgerDir, "1")));
    expect([...dropped.keys()].sort()).toEqual(idsOf(refused, 20).sort());
    expect(new Set(dropped.values())).toEqual(new Set(["quota"]));
  }, PATIENCE);
  expect(pages[3]?.received).toEqual([]);
  await brokerWas(LIMITS_MET);
  for (const page of pages) await page.close();
});

test("by HTTP, an event limit drops only reported events, and publishing goes on", async () => {
  const realtime = await standIn({ TENANT_MAX_EVENTS_PER_SECOND: "40", RATE_SAMPLE_MS: "100" });
  const server = await serverWith(realtime, 1, { REALTIME_QUEUE_BYTES: "32768" });
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  await server.api.start(session, { events: 600, eventsPerSecond: 300 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"), PATIENCE);
  stream.close();
  const metrics = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();
  await vi.waitFor(
    async () => expect(await metrics()).toContain("realtime_queue_events 0\n"),
    PATIENCE,
  );
  const { dropped } = accountOf(await readLedgers(join(ledgerDir, "1")));
  expect(dropped.size).toBeGreaterThan(0);
  expect(new Set(dropped.values())).toEqual(new Set(["quota"]));
  expect(await metrics()).toContain(
    `realtime_dropped_events_total{reason="quota"} ${dropped.size}\n`,
  );
  expect(await metrics()).toMatch(/realtime_posts_total\{status="429"\} [1-9]/);
  await brokerWas(LIMITS_MET);
}, 60_000);

test("by websocket, publishing goes on after the event limit closed the channel", async () => {
  const realtime = await standIn({ TENANT_MAX_EVENTS_PER_SECOND: "40", RATE_SAMPLE_MS: "100" });
  const server = await serverWith(realtime, 1, { REALTIME_PUBLISH: "websocket" });
  const session = await server.api.createSession();
  await server.api.post(session, "messages", { text: "joins the channel" });
  const service = serviceClient(realtime);
  const noisy = await service.join("noise");
  const heard = await service.join(accessOf(session).topic);
  const say = async (channel: RealtimeChannel): Promise<unknown> =>
    channel.send({ type: "broadcast", event: "noise", payload: {} });
  const noise = setInterval(() => {
    for (let sent = 0; sent < 10; sent++) void say(noisy);
  }, 20);
  try {
    const message = { topic: "noise", event: "noise", payload: {}, private: true };
    await vi.waitFor(async () => expect(await post(realtime, [message])).toBe(429), PATIENCE);
    // The limit closes a channel with the next message that it would bring, here the publisher's.
    await say(heard);
    await server.api.post(session, "messages", { text: "waits" });
    await brokerWas(/^up limited/);
  } finally {
    clearInterval(noise);
  }
  await brokerWas(LIMITS_MET);
  const { published, dropped } = accountOf(await readLedgers(join(ledgerDir, "1")));
  expect([published.length, dropped.size]).toEqual([2, 0]);
  const page = await subscribedPage(accessOf(session));
  await server.api.post(session, "messages", { text: "still there" });
  await vi.waitFor(
    () => expect(page.received.at(-1)?.event.payload).toEqual({ text: "still there" }),
    PATIENCE,
  );
  await page.close();
  await service.close();
}, 90_000);

test("by websocket, an instance above the user limit publishes once there is room", async () => {
  const realtime = await standIn({ TENANT_MAX_CONCURRENT_USERS: "1" });
  const first = await serverWith(realtime, 1);
  const second = await serverWith(realtime, 2, { REALTIME_PUBLISH: "websocket" });
  const session = await second.api.createSession();
  await second.api.post(session, "messages", { text: "waits" });
  await brokerWas(/^down limited$/, 2);
  await first.stop();
  await brokerWas(/^down limited up$/, 2);
  const { published, dropped } = accountOf(await readLedgers(join(ledgerDir, "2")));
  expect([published.length, dropped.size]).toEqual([1, 0]);
});

test("starts without Realtime, and publishes after it appears", async () => {
  const realtime = await standIn();
  await realtime.kill();
  const server = await serverWith(realtime, 1);
  const session = await server.api.createSession();
  await server.api.post(session, "messages", { text: "early" });
  await realtime.restart();
  const page = await subscribedPage(accessOf(session));
  await vi.waitFor(
    async () =>
      expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ broker: "up" }),
    PATIENCE,
  );
  await server.api.post(session, "messages", { text: "late" });
  await vi.waitFor(
    () => expect(page.received.at(-1)?.event.payload).toEqual({ text: "late" }),
    PATIENCE,
  );
  await page.close();
});

test("opens one WebSocket to Realtime and shares its channels", async () => {
  const realtime = await standIn({ TENANT_MAX_CHANNELS_PER_CLIENT: "2" });
  const server = await serverWith(realtime, 1, { REALTIME_PUBLISH: "websocket" });
  const session = await server.api.createSession();
  const streams = [await server.api.connect(session), await server.api.connect(session)];
  // Publishing needs the channel that the streams are on: a third one would be refused.
  const other = new RealtimeClient(realtime.url, {
    params: { apikey: realtime.serviceKey },
    transport: WebSocket as never,
  });
  const heard: unknown[] = [];
  const channel = other.channel(`sse:session:${session.sessionId}`, { config: { private: true } });
  channel.on("broadcast", { event: "*" }, (message) => heard.push(message)).subscribe();
  await vi.waitFor(() => expect(channel.state).toBe("joined"), PATIENCE);
  await server.api.start(session, { events: 3 });
  await vi.waitFor(() => expect(heard).toHaveLength(3), PATIENCE);
  for (const stream of streams) {
    expect(stream.events.map(eventId)).toEqual(idsOf(session, 3));
    stream.close();
  }
  await other.removeAllChannels();
});
