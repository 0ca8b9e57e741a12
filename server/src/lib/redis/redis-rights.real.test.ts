import { readFile } from "node:fs/promises";
import { Redis } from "ioredis";
import { expect, test, vi } from "vitest";
import {
  brokerServer,
  stopAfterEach,
  userOf,
  valkey,
  type BrokerServer,
} from "../../../test-support/broker-servers.ts";
import type { EventLogPage } from "../../contract/events.ts";
import { startStandIn } from "../../../../standins/realtime/server/test-support/start-stand-in.ts";
import { realtimeEnvironment } from "../../../test-support/realtime-environment.ts";
import { memoryLog } from "../../../test-support/memory-log.ts";
import { fromRoot } from "../../../../common/paths.ts";
import { RedisConnection } from "./redis-connection.ts";
import { RedisPubSub } from "./redis-pubsub.ts";

stopAfterEach();

/** The rules of the ACL user that docs/operations.md shows, without its name and password. */
async function documentedRights(): Promise<string[]> {
  const page = await readFile(fromRoot("docs/operations.md"), "utf8");
  const command = /ACL SETUSER sse-lab on >password ((?:\\\n|.)+)/.exec(page)?.[1] ?? "";
  return command.split(/[\s\\]+/).filter((rule) => rule !== "");
}

async function pair(url: string): Promise<[BrokerServer, BrokerServer]> {
  return [
    await brokerServer(url, { INSTANCE: "server-1" }),
    await brokerServer(url, { INSTANCE: "server-2" }),
  ];
}

test("needs no more than the rights that docs/operations.md lists", async () => {
  const server = await valkey();
  const url = await userOf(server, "lab", ...(await documentedRights()));
  const [a, b] = [
    await brokerServer(url, { INSTANCE: "server-1", RATE_LIMIT_POINTS: "1000" }),
    await brokerServer(url, { INSTANCE: "server-2", RATE_LIMIT_POINTS: "1000" }),
  ];
  for (const instance of [a, b]) expect(await instance.brokerIs("up")).toBeUndefined();
  const session = await a.api.createSession();
  const far = await b.api.connect(session);
  await a.api.start(session, { events: 5, gates: 1 });
  await vi.waitFor(() => expect(far.types.at(-1)).toBe("pipeline_gate"));
  const answer = await b.api.post(session, "pipeline/gate", { gate: "gate-1", answer: "yes" });
  expect(answer.status).toBe(202);
  await vi.waitFor(() => expect(far.types.at(-1)).toBe("pipeline_complete"));
  far.close();
  expect([...a.log, ...b.log]).toEqual([]);
  expect(await server.command("ACL", "LOG")).toEqual([]);
  expect(await server.command("KEYS", "sse:limit:*")).not.toEqual([]);
});

test("needs no other rights for the event log", async () => {
  const server = await valkey();
  const realtime = await startStandIn();
  try {
    const instance = await brokerServer(
      await userOf(server, "lab", ...(await documentedRights())),
      {
        ...realtimeEnvironment(realtime),
        FF_REDIS_SSE_BROADCAST: "false",
        FF_SSE_EVENT_LOG: "true",
      },
    );
    const session = await instance.api.createSession();
    await instance.api.start(session, { events: 3 });
    const url = `${instance.url}/api/sessions/${session.sessionId}/log`;
    const headers = { authorization: `Bearer ${session.token}` };
    await vi.waitFor(
      async () =>
        expect(
          ((await (await fetch(url, { headers })).json()) as EventLogPage).events,
        ).toHaveLength(3),
      { timeout: 10_000 },
    );
    expect(await server.command("ACL", "LOG")).toEqual([]);
  } finally {
    await realtime.stop();
  }
});

test("needs no other rights to keep events and to hand pipelines over", async () => {
  const server = await valkey();
  // The password holds what a URL reserves.
  const url = await userOf(server, "lab", ...(await documentedRights()));
  const durable = { FF_REDIS_SSE_BROADCAST: "false", FF_REDIS_SSE_DURABLE: "true" };
  const [a, b] = [
    await brokerServer(url, { ...durable, INSTANCE: "server-1", DRAIN_NOTICE_MS: "0" }),
    await brokerServer(url, { ...durable, INSTANCE: "server-2" }),
  ];
  const session = await a.api.createSession();
  const far = await b.api.connect(session);
  await a.api.start(session, { events: 200, eventsPerSecond: 50, gates: 1 });
  await vi.waitFor(() => expect(far.types).toContain("pipeline_gate"), { timeout: 20_000 });
  await a.stop();
  await vi.waitFor(
    async () => {
      const answer = await b.api.post(session, "pipeline/gate", { gate: "gate-1", answer: "yes" });
      expect(answer.status).toBe(202);
    },
    { timeout: 20_000 },
  );
  await vi.waitFor(() => expect(far.types.at(-1)).toBe("pipeline_complete"), { timeout: 20_000 });
  expect(far.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  far.close();
  // The end of an instance is no failure of its connections either.
  expect([...a.log, ...b.log]).toEqual([]);
  expect(await server.command("ACL", "LOG")).toEqual([]);
});

test("delivers over the channels it may use, and names the others with the grant", async () => {
  const server = await valkey();
  const url = await userOf(server, "lab", "~*", "+@all", "resetchannels", "&sse:session:*");
  const [a, b] = await pair(url);
  for (const instance of [a, b]) {
    await instance.brokerIs("up", /sse:gate-reply:.*grant &sse:gate-reply:\*/);
    expect(instance.log).toContainEqual(
      expect.objectContaining({ reason: expect.stringContaining("&sse:gate-reply:*") as string }),
    );
  }
  const session = await a.api.createSession();
  const far = await b.api.connect(session);
  const texts = (): unknown[] => far.events.map(({ payload }) => payload["text"]);
  await a.api.post(session, "messages", { text: "before" });
  await vi.waitFor(() => expect(texts()).toEqual(["before"]));
  await server.command("CLIENT", "KILL", "TYPE", "pubsub");
  await vi.waitFor(
    async () => {
      await a.api.post(session, "messages", { text: "after" });
      expect(texts()).toContain("after");
    },
    { timeout: 15_000, interval: 100 },
  );
  const refused = await b.api.post(session, "pipeline/gate", { gate: "gate-1", answer: "yes" });
  expect(await refused.json()).toMatchObject({ reason: "broker-away" });

  // A right that is granted later takes effect.
  await server.command("ACL", "SETUSER", "lab", "&sse:gate:*", "&sse:gate-reply:*");
  await vi.waitFor(async () => expect(await a.brokerIs("up")).toBeUndefined(), { timeout: 15_000 });
  far.close();
});

test("renews 999 subscriptions beside one that is refused", async () => {
  const server = await valkey();
  const url = await userOf(server, "lab", "~*", "+@all", "resetchannels", "&may:*");
  const { logger, entries } = memoryLog();
  const redis = new RedisConnection({
    address: {
      host: "127.0.0.1",
      port: server.port,
      username: "lab",
      password: "pw",
      db: 0,
      family: 0,
      tls: false,
    },
    logger,
    name: "test",
  });
  const states: string[] = [];
  const link = new RedisPubSub({
    redis,
    logger,
    ownChannel: "may:own",
    onState: (state) => states.push(state),
    onPublishFailure: () => {},
  });
  const heard = new Set<string>();
  const channels = Array.from({ length: 999 }, (_, index) => `may:${index}`);
  channels.splice(500, 0, "not:500");
  for (const channel of channels) link.subscribe(channel, () => heard.add(channel));
  await vi.waitFor(() => expect(states).toEqual(["up"]), { timeout: 15_000 });
  expect(url).toContain("lab");
  await server.command("CLIENT", "KILL", "TYPE", "pubsub");
  await vi.waitFor(() => expect(states).toEqual(["up", "down", "up"]), { timeout: 15_000 });
  const publisher = new Redis(server.url);
  for (const channel of channels) await publisher.publish(channel, "");
  await vi.waitFor(() => expect(heard.size).toBe(999), { timeout: 15_000 });
  publisher.disconnect();
  expect(link.reason).toMatch(/not:500.*grant &not:\*/);
  expect(entries.filter(({ channel }) => channel !== undefined)).toMatchObject([
    { channel: "not:500" },
  ]);
  await link.close();
  await redis.close();
});

test.each([
  ["no channel", ["~*", "+@all", "resetchannels"], /publish.*&sse:session:\*/],
  ["no PUBLISH", ["~*", "&*", "+@all", "-publish"], /grant \+publish/],
  ["no SUBSCRIBE", ["~*", "&*", "+@all", "-subscribe"], /grant \+subscribe/],
])("is down and falls back with %s", async (_what, rules, reason) => {
  const server = await valkey();
  const instance = await brokerServer(await userOf(server, "bare", ...rules));
  await instance.brokerIs("down", reason);
  const session = await instance.api.createSession();
  await instance.api.post(session, "messages", { text: "alone" });
  const route = rules.includes("-subscribe") ? "broker" : "fallback";
  expect(await instance.ledger()).toContainEqual(
    expect.objectContaining({ kind: "published", route }),
  );
  expect(instance.log).toContainEqual(
    expect.objectContaining({ reason: expect.stringMatching(/grant/) as string }),
  );
});

test("records each event that Redis refused after its route was chosen", async () => {
  const server = await valkey();
  const instance = await brokerServer(await userOf(server, "lab", "~*", "&*", "+@all"));
  await instance.brokerIs("up");
  const session = await instance.api.createSession();
  await instance.api.start(session, { events: 60, eventsPerSecond: 40 });
  await server.command("ACL", "SETUSER", "lab", "-publish");
  await instance.brokerIs("down", /grant \+publish/);
  await vi.waitFor(
    async () =>
      expect(await instance.ledger()).toContainEqual(
        expect.objectContaining({ kind: "pipeline", state: "completed" }),
      ),
    { timeout: 15_000 },
  );
  const records = await instance.ledger();
  const fallbacks = records.filter((r) => r.kind === "published" && r.route === "fallback");
  expect(fallbacks.length).toBeGreaterThan(0);
  for (const record of records)
    if (record.kind === "dropped") expect(record.reason).toBe("refused");
  expect(records.filter(({ kind }) => kind === "dropped").length).toBeGreaterThan(0);
});

test("needs no HELLO", async () => {
  const server = await valkey(["--rename-command", "HELLO", ""]);
  await (await brokerServer(server.url)).brokerIs("up");
});

test.each([
  ["a wrong password", "lab:wrong", "", /WRONGPASS: check user and password of REDIS_URL/],
  ["an unknown user", "who:pw", "", /WRONGPASS/],
  ["a database that is not there", "lab:pw", "/99", /no such database/],
])("names %s instead of an outage", async (_what, login, database, reason) => {
  const server = await valkey();
  await userOf(server, "lab", "~*", "&*", "+@all");
  const instance = await brokerServer(`redis://${login}@127.0.0.1:${server.port}${database}`);
  await instance.brokerIs("down", reason);
  expect(instance.log).toContainEqual(
    expect.objectContaining({ level: 50, reason: expect.stringMatching(reason) as string }),
  );
  expect(JSON.stringify(instance.log)).not.toContain("wrong");
});
