import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import {
  startStandIn,
  type TestStandIn,
} from "../../../../standins/realtime/server/test-support/start-stand-in.ts";
import { realtimeEnvironment } from "../../../test-support/realtime-environment.ts";
import { eventId, openPage, subscribedPage } from "../../../test-support/realtime-page.ts";
import { startTestServer, type TestServer } from "../../../test-support/test-server.ts";
import { startValkey, type TestValkey } from "../../../test-support/valkey.ts";
import type { EventLogPage, RealtimeAccess, SessionCreated } from "../../contract/events.ts";

/** For conditions that a busy host meets late. */
const PATIENCE = { timeout: 15_000 };

let realtime: TestStandIn;
let valkey: TestValkey;
beforeAll(async () => {
  realtime = await startStandIn();
  valkey = await startValkey();
});
const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => server.stop()));
});
afterAll(async () => {
  await realtime.stop();
  await valkey.stop();
});

async function serverWith(environment: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer({
    ...realtimeEnvironment(realtime),
    REDIS_URL: valkey.url,
    FF_SSE_EVENT_LOG: "true",
    ...environment,
  });
  servers.push(server);
  return server;
}

const askLog = async (
  server: TestServer,
  session: SessionCreated,
  after?: string,
): Promise<Response> =>
  fetch(
    `${server.url}/api/sessions/${session.sessionId}/log${after === undefined ? "" : `?after=${after}`}`,
    {
      headers: { authorization: `Bearer ${session.token}` },
    },
  );

async function readLog(
  server: TestServer,
  session: SessionCreated,
  after?: string,
): Promise<EventLogPage> {
  const response = await vi.waitFor(async () => {
    const answer = await askLog(server, session, after);
    // On a busy host, Redis can answer too late for the first try.
    expect(answer.status).toBe(200);
    return answer;
  });
  return (await response.json()) as EventLogPage;
}

/** A run that has been published to its end. */
async function ended(
  server: TestServer,
  session: SessionCreated,
  events: number,
  restart = false,
): Promise<string> {
  const stream = await server.api.connect(session);
  const response = await server.api.start(session, { events, eventsPerSecond: 20_000, restart });
  const { epoch } = (await response.json()) as { epoch: string };
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"), {
    timeout: 20_000,
  });
  stream.close();
  return epoch;
}

const seqsOf = ({ events }: EventLogPage): number[] => events.map(({ seq }) => seq);
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

test("gives what came after an id, on every instance, as it was published", async () => {
  const [one, two] = [await serverWith(), await serverWith({ INSTANCE: "server-2" })];
  const session = await one.api.createSession();
  expect(session.realtime?.catchUp).toBe(true);
  expect(await readLog(two, session, `${session.epoch}-0`)).toEqual({
    status: "replayed",
    events: [],
  });
  const stream = await one.api.connect(session);
  await one.api.start(session, { events: 20 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"));
  expect(await readLog(two, session, `${session.epoch}-12`)).toEqual({
    status: "replayed",
    events: stream.events.slice(12),
  });
  expect(await readLog(two, session)).toEqual({ status: "replayed", events: stream.events });
  expect(await readLog(two, session, `${session.epoch}-20`)).toEqual({
    status: "replayed",
    events: [],
  });
  stream.close();
});

test("hands a page everything that it was too late for on the channel", async () => {
  const [one, two] = [await serverWith(), await serverWith({ INSTANCE: "server-2" })];
  const sessions = await Promise.all(
    Array.from({ length: 12 }, async () => one.api.createSession()),
  );
  for (const session of sessions)
    await one.api.start(session, { events: 150, eventsPerSecond: 300 });
  await Promise.all(
    sessions.map(async (session) => {
      const page = await subscribedPage(session.realtime as RealtimeAccess);
      const logged = (await readLog(two, session)).events.map(eventId);
      // A page that subscribed after the run's end gets nothing on the channel: then the log has it
      // all.
      await vi.waitFor(
        () =>
          expect([...new Set([...logged, ...page.ids()])]).toEqual(
            range(1, 150).map((seq) => `${session.epoch}-${seq}`),
          ),
        { timeout: 10_000 },
      );
      await page.close();
    }),
  );
});

test("says that the id is older than what is kept, and gives what is kept", async () => {
  const server = await serverWith({ EVENT_LOG_EVENTS: "100" });
  const session = await server.api.createSession();
  await ended(server, session, 1000);
  const page = await readLog(server, session, `${session.epoch}-3`);
  expect(page.status).toBe("window-exceeded");
  // Redis gives up whole nodes, so a little more than asked for may be left.
  expect(page.events.length).toBeGreaterThanOrEqual(100);
  expect(page.events.length).toBeLessThan(400);
  expect(seqsOf(page)).toEqual(range(1001 - page.events.length, 1000));
  expect((await readLog(server, session, `${session.epoch}-950`)).status).toBe("replayed");
});

test("reports a newer run, and returns it from its start", async () => {
  const server = await serverWith();
  const session = await server.api.createSession();
  const first = await ended(server, session, 5);
  const second = await ended(server, session, 7, true);
  const page = await readLog(server, session, `${first}-2`);
  expect(page.status).toBe("epoch-changed");
  expect(page.events.map(eventId)).toEqual(range(1, 7).map((seq) => `${second}-${seq}`));
  expect((await readLog(server, session)).events.map(eventId)).toEqual(page.events.map(eventId));
});

test("does not take chat messages for another run, and keeps them as well", async () => {
  const server = await serverWith();
  const session = await server.api.createSession();
  await ended(server, session, 4);
  const ids: string[] = [];
  for (const text of ["one", "two", "three"]) {
    const { eventId: id } = (await (
      await server.api.post(session, "messages", { text })
    ).json()) as {
      eventId: string;
    };
    ids.push(id);
    // Others chat as well: the numbers of one session have gaps.
    await server.api.post(await server.api.createSession(), "messages", { text: "elsewhere" });
  }
  expect(await readLog(server, session, `${session.epoch}-3`)).toMatchObject({
    status: "replayed",
    events: [{ seq: 4 }],
  });
  await vi.waitFor(async () => {
    const chat = await readLog(server, session, ids[0]);
    expect(chat.status).toBe("replayed");
    expect(chat.events.map(eventId)).toEqual(ids.slice(1));
  });
});

test("gives a long run in pages", async () => {
  const server = await serverWith();
  const session = await server.api.createSession();
  await ended(server, session, 6500);
  const seqs: number[] = [];
  let pages = 0;
  for (;;) {
    const page = await readLog(server, session, `${session.epoch}-${seqs.at(-1) ?? 0}`);
    expect(page.status).toBe("replayed");
    if (page.events.length === 0) break;
    seqs.push(...seqsOf(page));
    pages++;
  }
  expect(seqs).toEqual(range(1, 6500));
  expect(pages).toBe(2);
});

test("bounds a page of large events by its bytes, and gives the rest with the next one", async () => {
  const server = await serverWith();
  const session = await server.api.createSession();
  // Each character takes six bytes of JSON.
  const text = "\u0001".repeat(10_000);
  const ids: string[] = [];
  while (ids.length < 100) {
    const response = await server.api.post(session, "messages", { text });
    ids.push(((await response.json()) as { eventId: string }).eventId);
  }
  const [epoch] = (ids[0] as string).split("-");
  const logged: string[] = [];
  for (let pages = 1; logged.length < ids.length; pages++) {
    const body = await (await askLog(server, session, logged.at(-1) ?? `${epoch}-0`)).text();
    expect(body.length).toBeLessThan(4_100_000);
    logged.push(...(JSON.parse(body) as EventLogPage).events.map(eventId));
    expect(pages).toBeLessThanOrEqual(2);
  }
  expect(logged).toEqual(ids);
});

test("an entry that is no event hides no other", async () => {
  const server = await serverWith();
  const session = await server.api.createSession();
  await ended(server, session, 5);
  const redis = new Redis(valkey.url);
  const key = `sse:catch-up:${session.sessionId}:${session.epoch}`;
  const deep = `{"payload":${"[".repeat(6000)}${"]".repeat(6000)}}`;
  for (const [at, entry] of ["garbage", "null", deep].entries())
    await redis.xadd(key, `${6 + at}-0`, "e", entry);
  redis.disconnect();
  expect(seqsOf(await readLog(server, session, `${session.epoch}-1`))).toEqual(range(2, 5));
});

test("says that something is missing when the log has lost what it had", async () => {
  const server = await serverWith();
  const session = await server.api.createSession();
  await ended(server, session, 10);
  const redis = new Redis(valkey.url);
  await redis.flushall();
  redis.disconnect();
  expect(await readLog(server, session, `${session.epoch}-6`)).toEqual({
    status: "window-exceeded",
    events: [],
  });
});

test.each(["", "x", "abc", "abc-", "-5", "ABC-5", "abc-5-6", "abc-1e3", "abc-5&after=abc-6"])(
  "refuses after=%s by the field's name",
  async (after) => {
    const server = await serverWith();
    const response = await askLog(server, await server.api.createSession(), after);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field: "after" }] });
  },
);

test("is closed to other sessions", async () => {
  const server = await serverWith();
  const [mine, theirs] = [await server.api.createSession(), await server.api.createSession()];
  expect((await askLog(server, { ...theirs, token: mine.token })).status).toBe(403);
  expect((await askLog(server, { ...theirs, token: "" })).status).toBe(401);
});

test("publishes without Redis, counts unlogged events, and answers 503 for the log", async () => {
  const own = await startValkey();
  const server = await serverWith({ REDIS_URL: own.url });
  try {
    const session = await server.api.createSession();
    const page = openPage(session.realtime as RealtimeAccess);
    await vi.waitFor(() => expect(page.statuses).toEqual(["SUBSCRIBED"]), PATIENCE);
    await server.api.start(session, { events: 300, eventsPerSecond: 200 });
    await vi.waitFor(() => expect(page.received.length).toBeGreaterThan(20), PATIENCE);
    own.pause();
    await vi.waitFor(() => expect(page.received.length).toBeGreaterThan(100), PATIENCE);
    await own.kill();
    const ids = range(1, 300).map((seq) => `${session.epoch}-${seq}`);
    await vi.waitFor(() => expect(page.ids()).toEqual(ids), PATIENCE);
    const refused = await askLog(server, session);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(
      /event_log_failures_total [1-9]/,
    );

    await own.restart();
    await vi.waitFor(async () => expect((await askLog(server, session)).status).toBe(200), {
      timeout: 10_000,
    });
    expect((await readLog(server, session, `${session.epoch}-100`)).status).toBe("window-exceeded");
    await page.close();
  } finally {
    await own.stop();
  }
});
