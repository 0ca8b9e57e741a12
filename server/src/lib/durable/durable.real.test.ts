import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Api } from "../../../test-support/api.ts";
import { Page } from "../../../test-support/page.ts";
import { spawnServer, type ChildServer } from "../../../test-support/child-server.ts";
import { startTestServer, type TestServer } from "../../../test-support/test-server.ts";
import { startValkey, type TestValkey } from "../../../test-support/valkey.ts";
import type { SessionCreated } from "../../contract/events.ts";

/** For conditions that a busy host meets late. */
const PATIENCE = { timeout: 20_000, interval: 5 };

let valkey: TestValkey;
let admin: Redis;
let servers: TestServer[];
let children: ChildServer[];
beforeEach(async () => {
  valkey = await startValkey();
  admin = new Redis(valkey.url, { maxRetriesPerRequest: null });
  admin.on("error", () => {});
  servers = [];
  children = [];
});
afterEach(async () => {
  valkey.resume();
  for (const child of children) child.process.kill("SIGKILL");
  await Promise.all(children.map(async ({ exited }) => exited));
  await Promise.all(servers.map(async (server) => server.stop()));
  admin.disconnect();
  await valkey.stop();
});

async function startInstance(name: string, more: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer({
    ...durable(),
    INSTANCE: name,
    ...more,
  });
  servers.push(server);
  return server;
}

/** An instance that a test can kill or stop like a process. */
async function spawnInstance(name: string): Promise<ChildServer> {
  const child = await spawnServer({ ...durable(), INSTANCE: name });
  children.push(child);
  return child;
}

const durable = (): Record<string, string> => ({
  REDIS_URL: valkey.url,
  FF_REDIS_SSE_DURABLE: "true",
  PIPELINE_LEASE_MS: "400",
});

const idsOf = ({ epoch }: SessionCreated, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `${epoch}-${from + at}`);

test("brings every event to a stream on another instance, in order", async () => {
  const [one, two] = [await startInstance("server-1"), await startInstance("server-2")];
  const session = await one.api.createSession();
  const stream = await two.api.connect(session);
  expect(stream.notice.resume).toEqual({ status: "none" });
  expect(stream.lastId).toBe(`${session.epoch}-0`);
  await one.api.start(session, { events: 200, eventsPerSecond: 2000 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"), PATIENCE);
  expect(stream.messages.map(({ id }) => id)).toEqual(idsOf(session, 0, 200));
  stream.close();
});

test("replays what a client missed, from the id on, on any instance", async () => {
  const [one, two] = [await startInstance("server-1"), await startInstance("server-2")];
  const session = await one.api.createSession();
  const first = await one.api.connect(session);
  await one.api.start(session, { events: 50, eventsPerSecond: 1000 });
  await vi.waitFor(() => expect(first.types.at(-1)).toBe("pipeline_complete"), PATIENCE);
  for (const seq of [0, 1, 17, 49, 50]) {
    const stream = await two.api.connect(session, `${session.epoch}-${seq}`);
    expect(stream.notice.resume.status).toBe("replayed");
    await vi.waitFor(() => expect(stream.events).toHaveLength(50 - seq), PATIENCE);
    expect(stream.events).toEqual(first.events.slice(seq));
    expect(stream.gaps).toEqual([]);
    stream.close();
  }
  first.close();
});

test("leaves no gap and repeats nothing where replay and live events meet", async () => {
  const instances = [await startInstance("server-1"), await startInstance("server-2")];
  const session = await instances[0]!.api.createSession();
  const pages = await Promise.all(
    Array.from({ length: 10 }, async (_, at) => new Page(session, () => instances, at).open()),
  );
  await instances[0]!.api.start(session, { events: 1500, eventsPerSecond: 1000 });
  await vi.waitFor(() => {
    // Each stream brings something before it is cut, however slow the host is.
    for (const page of pages)
      if (!page.isComplete && page.streams.at(-1)!.events.length > 20) page.cut();
    expect(pages.every(({ isComplete }) => isComplete)).toBe(true);
  }, PATIENCE);
  for (const page of pages) {
    expect(page.ids).toEqual(idsOf(session, 1, 1500));
    expect(page.gaps).toEqual([]);
    page.close();
  }
});

test.each([
  { missed: 19, isComplete: true },
  { missed: 20, isComplete: true },
  { missed: 21, isComplete: false },
  { missed: 80, isComplete: false },
])("declares the gap if a client missed more than the window: $missed of 20", async (row) => {
  const one = await startInstance("server-1", { EVENT_LOG_EVENTS: "20" });
  const session = await one.api.createSession();
  const watcher = await one.api.connect(session);
  await one.api.start(session, { events: 100, eventsPerSecond: 5000 });
  await vi.waitFor(() => expect(watcher.types.at(-1)).toBe("pipeline_complete"), PATIENCE);
  const lastId = `${session.epoch}-${100 - row.missed}`;
  const stream = await one.api.connect(session, lastId);
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"), PATIENCE);
  if (row.isComplete) {
    expect(stream.notice.resume.status).toBe("replayed");
    expect(stream.gaps).toEqual([]);
    expect(stream.events).toHaveLength(row.missed);
  } else {
    expect(stream.notice.resume.status).toBe("window-exceeded");
    expect(stream.gaps).toMatchObject([{ reason: "window-exceeded", after: lastId }]);
    // One message more than the window is kept: the position of a client that missed it all.
    expect(stream.events).toHaveLength(21);
  }
  stream.close();
  watcher.close();
});

test("hands pipelines over at once when an instance drains", async () => {
  const [one, two] = [await startInstance("server-1"), await startInstance("server-2")];
  const sessions = await Promise.all(
    Array.from({ length: 20 }, async () => one.api.createSession()),
  );
  const pages = await Promise.all(
    sessions.map(async (session) => new Page(session, () => servers).open()),
  );
  for (const session of sessions)
    await one.api.start(session, { events: 100, eventsPerSecond: 100 });
  await vi.waitFor(() => expect(pages[0]!.ids.length).toBeGreaterThan(20), PATIENCE);
  servers = [two];
  await one.stop();
  await vi.waitFor(() => expect(pages.every((page) => page.isComplete)).toBe(true), PATIENCE);
  for (const [at, page] of pages.entries()) expect(page.ids).toEqual(idsOf(sessions[at]!, 1, 100));
});

test("keeps the order and loses nothing while Redis is away", async () => {
  const [one, two] = [await startInstance("server-1"), await startInstance("server-2")];
  const session = await one.api.createSession();
  const page = await new Page(session, () => [two]).open();
  await one.api.start(session, { events: 300, eventsPerSecond: 200 });
  await vi.waitFor(() => expect(page.ids.length).toBeGreaterThan(20), PATIENCE);
  valkey.pause();
  await new Promise((resolve) => setTimeout(resolve, 600));
  valkey.resume();
  await vi.waitFor(() => expect(page.isComplete).toBe(true), PATIENCE);
  expect(page.ids).toEqual(idsOf(session, 1, 300));
  expect(page.gaps).toEqual([]);
});

test("goes on after Redis has lost everything, and declares only what is missing", async () => {
  const [one, two] = [await startInstance("server-1"), await startInstance("server-2")];
  const session = await one.api.createSession();
  const page = await new Page(session, () => [two]).open();
  const late = await one.api.connect(session);
  await one.api.start(session, { events: 300, eventsPerSecond: 200 });
  await vi.waitFor(() => expect(page.ids.length).toBeGreaterThan(50), PATIENCE);
  const lastId = late.lastId;
  late.close();
  await vi.waitFor(() => expect(page.ids.length).toBeGreaterThan(80), PATIENCE);
  await admin.flushall();
  const resumed = await two.api.connect(session, lastId);
  await vi.waitFor(() => expect(resumed.gaps.length).toBeGreaterThan(0), PATIENCE);
  await vi.waitFor(() => expect(page.isComplete).toBe(true), PATIENCE);
  // The page was there all the time: it missed nothing, and nothing else is claimed.
  expect(page.ids).toEqual(idsOf(session, 1, 300));
  expect(page.gaps).toEqual([]);
  resumed.close();
});

test("still hands pipelines over after Redis has been restarted empty", async () => {
  const [one, two] = [await startInstance("server-1"), await startInstance("server-2")];
  const session = await one.api.createSession();
  const page = await new Page(session, () => servers).open();
  await one.api.start(session, { events: 300, eventsPerSecond: 100 });
  await vi.waitFor(() => expect(page.ids.length).toBeGreaterThan(20), PATIENCE);
  await valkey.kill();
  await valkey.restart();
  const before = page.ids.length;
  await vi.waitFor(() => expect(page.ids.length).toBeGreaterThan(before + 5), PATIENCE);
  servers = [two];
  await one.stop();
  await vi.waitFor(() => expect(page.isComplete).toBe(true), PATIENCE);
  expect(page.ids).toEqual(idsOf(session, 1, 300));
  expect(page.gaps).toEqual([]);
});

test("gives a gate's answer to the pipeline once, on any instance, across a hand-over", async () => {
  const [one, two] = [await startInstance("server-1"), await startInstance("server-2")];
  const session = await one.api.createSession();
  const page = await new Page(session, () => servers).open();
  await one.api.start(session, { events: 9, gates: 2 });
  const answer = async (gate: string): Promise<number> =>
    (await two.api.post(session, "pipeline/gate", { gate, answer: "yes" })).status;
  await vi.waitFor(() => expect(page.ids).toHaveLength(3), PATIENCE);
  expect(await answer("gate-2")).toBe(409);
  expect(await answer("gate-1")).toBe(202);
  expect(await answer("gate-1")).toBe(409);
  await vi.waitFor(() => expect(page.ids).toHaveLength(6), PATIENCE);
  servers = [two];
  await one.stop();
  expect(await answer("gate-2")).toBe(202);
  await vi.waitFor(() => expect(page.isComplete).toBe(true), PATIENCE);
  expect(page.ids).toEqual(idsOf(session, 1, 9));
});

/** Sessions whose pipelines run on the first instance, each with a page that uses both. */
async function pagesOn(
  owner: { api: Api },
  reachable: () => readonly { api: Api }[],
  plan: { events: number; eventsPerSecond: number },
): Promise<{ session: SessionCreated; page: Page }[]> {
  const opened = await Promise.all(
    Array.from({ length: 10 }, async (_, at) => {
      const session = await owner.api.createSession();
      return { session, page: await new Page(session, reachable, at).open() };
    }),
  );
  for (const { session } of opened) expect((await owner.api.start(session, plan)).status).toBe(202);
  return opened;
}

/** The ids of the session's log: what every later client is told. */
async function loggedIds({ sessionId }: SessionCreated): Promise<string[]> {
  const entries = await admin.xrange(`sse:log:${sessionId}`, "-", "+");
  return entries.flatMap(([, fields]) => (fields[2] === "e" ? [fields[1] ?? ""] : []));
}

test("lets another instance continue when the owner is killed", async () => {
  const one = await spawnInstance("server-1");
  const two = await startInstance("server-2");
  let reachable: readonly { api: Api }[] = [one, two];
  const plan = { events: 200, eventsPerSecond: 100 };
  const opened = await pagesOn(one, () => reachable, plan);
  await vi.waitFor(() => expect(opened[0]!.page.ids.length).toBeGreaterThan(30), PATIENCE);
  reachable = [two];
  one.process.kill("SIGKILL");
  await vi.waitFor(() => expect(opened.every(({ page }) => page.isComplete)).toBe(true), PATIENCE);
  for (const { session, page } of opened) {
    expect(page.ids).toEqual(idsOf(session, 1, 200));
    expect(page.gaps).toEqual([]);
    expect(await loggedIds(session)).toEqual(idsOf(session, 1, 200));
  }
});

test("shuts a paused owner out when it wakes up", async () => {
  const one = await spawnInstance("server-1");
  const two = await startInstance("server-2");
  const plan = { events: 300, eventsPerSecond: 100 };
  const opened = await pagesOn(one, () => [two], plan);
  await vi.waitFor(() => expect(opened[0]!.page.ids.length).toBeGreaterThan(30), PATIENCE);
  one.process.kill("SIGSTOP");
  const before = opened.map(({ page }) => page.ids.length);
  await vi.waitFor(
    () =>
      opened.forEach(({ page }, at) => expect(page.ids.length).toBeGreaterThan(before[at]! + 20)),
    PATIENCE,
  );
  one.process.kill("SIGCONT");
  await vi.waitFor(() => expect(opened.every(({ page }) => page.isComplete)).toBe(true), PATIENCE);
  for (const { session, page } of opened) {
    expect(page.ids).toEqual(idsOf(session, 1, 300));
    expect(await loggedIds(session)).toEqual(idsOf(session, 1, 300));
  }
});
