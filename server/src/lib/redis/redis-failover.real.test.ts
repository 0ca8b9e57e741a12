import { expect, test, vi } from "vitest";
import {
  startStandIn,
  type TestStandIn,
} from "../../../../standins/realtime/server/test-support/start-stand-in.ts";
import {
  brokerServer,
  stopAfterEach,
  userOf,
  valkey,
  type BrokerServer,
} from "../../../test-support/broker-servers.ts";
import { realtimeEnvironment } from "../../../test-support/realtime-environment.ts";
import { movableAddress } from "../../../test-support/movable-address.ts";
import type { TestValkey } from "../../../test-support/valkey.ts";
import type { EventLogPage, SessionCreated } from "../../contract/events.ts";

stopAfterEach();

/** The first server becomes a replica of the second, as in a failover that cuts no client. */
async function failOver(from: TestValkey, to: TestValkey): Promise<void> {
  await to.command("REPLICAOF", "NO", "ONE");
  await from.command("REPLICAOF", "127.0.0.1", to.port);
}

async function routes(server: BrokerServer): Promise<string[]> {
  return (await server.ledger()).flatMap((record) =>
    record.kind === "published" ? [record.route] : [],
  );
}

test("notices that its Redis is no primary any more, and falls back", async () => {
  const [one, two] = [await valkey(), await valkey()];
  const server = await brokerServer(one.url);
  await server.brokerIs("up");
  const session = await server.api.createSession();

  await failOver(one, two);
  const reason = await server.brokerIs("down");
  expect(reason).toMatch(/replica.*REDIS_URL/);
  await server.api.post(session, "messages", { text: "alone" });
  expect(await routes(server)).toEqual(["fallback"]);
  expect(server.log).toContainEqual(expect.objectContaining({ reason }));

  await one.command("REPLICAOF", "NO", "ONE");
  await server.brokerIs("up");
  await server.api.post(session, "messages", { text: "together" });
  expect(await routes(server)).toEqual(["fallback", "broker"]);
});

test("is never up on a replica, also after a reconnect", async () => {
  const [one, two] = [await valkey(), await valkey()];
  await failOver(two, one);
  const server = await brokerServer(two.url);
  await server.brokerIs("down", /replica/);
  await two.command("CLIENT", "KILL", "TYPE", "normal");
  await server.brokerIs("down", /replica/);
  const session = await server.api.createSession();
  await server.api.post(session, "messages", { text: "alone" });
  expect(await routes(server)).toEqual(["fallback"]);
});

test("moves to the new primary behind the same address", async () => {
  const [one, two] = [await valkey(), await valkey()];
  await using address = await movableAddress(one.port);
  const [a, b] = [
    await brokerServer(`redis://127.0.0.1:${address.port}`, { INSTANCE: "server-1" }),
    await brokerServer(two.url, { INSTANCE: "server-2" }),
  ];
  await a.brokerIs("up");
  const session = await a.api.createSession();
  const far = await b.api.connect(session);
  address.moveTo(two.port);
  await failOver(one, two);
  await vi.waitFor(
    async () => {
      await a.api.post(session, "messages", { text: "over the new primary" });
      expect(far.events.length).toBeGreaterThan(0);
    },
    { timeout: 15_000, interval: 200 },
  );
  await a.brokerIs("up");
  far.close();
});

test("tells a replica by its refusal of writes when the role is not told", async () => {
  const [one, two] = [await valkey(), await valkey()];
  const url = await userOf(one, "lab", "~sse:*", "&sse:*", "+@all", "-role");
  const server = await brokerServer(url);
  await server.brokerIs("up");
  expect(server.log).toMatchObject([{ reason: expect.stringContaining("+role") as string }]);
  await failOver(one, two);
  await server.brokerIs("down", /READONLY.*REDIS_URL/);
});

test("leaves two servers behind one address that are not connected", async () => {
  const [one, two] = [await valkey(), await valkey()];
  await using address = await movableAddress(one.port, two.port);
  const server = await brokerServer(`redis://127.0.0.1:${address.port}`);
  await server.brokerIs("up");
  expect(server.log).toContainEqual(
    expect.objectContaining({ reason: expect.stringContaining("does not deliver") as string }),
  );
});

async function logOf(
  server: BrokerServer,
  session: SessionCreated,
): Promise<EventLogPage | number> {
  const response = await fetch(`${server.url}/api/sessions/${session.sessionId}/log`, {
    headers: { authorization: `Bearer ${session.token}` },
  });
  return response.status === 200 ? ((await response.json()) as EventLogPage) : response.status;
}

/** The number of events that could not be logged, as the metrics say. */
async function unlogged(server: BrokerServer): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^event_log_failures_total (\d+)$/m.exec(text)?.[1]);
}

test("never calls the event log whole when Redis refused its writes", async () => {
  const [one, two] = [await valkey(), await valkey()];
  await using address = await movableAddress(one.port);
  const realtime: TestStandIn = await startStandIn();
  try {
    const environment = {
      ...realtimeEnvironment(realtime),
      FF_REDIS_SSE_BROADCAST: "false",
      FF_SSE_EVENT_LOG: "true",
    };
    const a = await brokerServer(`redis://127.0.0.1:${address.port}`, environment);
    const b = await brokerServer(two.url, { ...environment, INSTANCE: "server-2" });
    const session = await a.api.createSession();
    await failOver(one, two);
    // A replica can be behind, so that nobody can say what it lacks.
    await vi.waitFor(async () => expect(await logOf(a, session)).toBe(503), { timeout: 10_000 });
    await a.api.start(session, { events: 4 });
    await vi.waitFor(async () => expect(await unlogged(a)).toBe(4), { timeout: 10_000 });

    address.moveTo(two.port);
    for (const server of [a, b])
      await vi.waitFor(
        async () =>
          expect(await logOf(server, session)).toEqual({ status: "window-exceeded", events: [] }),
        { timeout: 15_000 },
      );
  } finally {
    await realtime.stop();
  }
});
