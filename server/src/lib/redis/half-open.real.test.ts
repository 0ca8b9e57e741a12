import { expect, test, vi } from "vitest";
import {
  startStandIn,
  type TestStandIn,
} from "../../../../standins/realtime/server/test-support/start-stand-in.ts";
import { brokerServer, stopAfterEach, valkey } from "../../../test-support/broker-servers.ts";
import { realtimeEnvironment } from "../../../test-support/realtime-environment.ts";

stopAfterEach();

/** The connection is closed after 4 s: an answer while it is `up` did not wait for that. */
async function isStillUp(url: string): Promise<boolean> {
  return ((await (await fetch(`${url}/readyz`)).json()) as { broker: string }).broker === "up";
}

test("answers requests while Redis hangs with open connections", async () => {
  const redis = await valkey();
  const environment = { RATE_LIMIT_POINTS: "1000" };
  const one = await brokerServer(redis.url, { ...environment, INSTANCE: "server-1" });
  const two = await brokerServer(redis.url, { ...environment, INSTANCE: "server-2" });
  for (const server of [one, two]) await server.brokerIs("up");
  const session = await one.api.createSession();
  const stream = await one.api.connect(session);
  await one.api.start(session, { events: 5, gates: 1 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_gate"));
  redis.pause();
  try {
    const gate = { gate: "gate-1", answer: "yes" };
    const refused = await two.api.post(session, "pipeline/gate", gate);
    expect((await refused.json()) as { reason: string }).toMatchObject({
      reason: expect.stringMatching(/^(?:broker-away|unconfirmed)$/) as string,
    });
    for (let request = 0; request < 10; request++) {
      await two.api.createSession();
      expect((await one.api.post(session, "messages", { text: "hi" })).status).toBe(202);
    }
    expect((await one.api.post(session, "pipeline/gate", gate)).status).toBe(202);
    for (const { url } of [one, two]) expect(await isStillUp(url)).toBe(true);
  } finally {
    redis.resume();
  }
  stream.close();
});

test("answers 503 for the event log while Redis hangs", async () => {
  const redis = await valkey();
  const realtime: TestStandIn = await startStandIn();
  try {
    const server = await brokerServer(redis.url, {
      ...realtimeEnvironment(realtime),
      FF_REDIS_SSE_BROADCAST: "false",
      FF_SSE_EVENT_LOG: "true",
    });
    const session = await server.api.createSession();
    const askLog = async (): Promise<number> =>
      (
        await fetch(`${server.url}/api/sessions/${session.sessionId}/log`, {
          headers: { authorization: `Bearer ${session.token}` },
        })
      ).status;
    await vi.waitFor(async () => expect(await askLog()).toBe(200), { timeout: 10_000 });
    redis.pause();
    for (let request = 0; request < 10; request++) expect(await askLog()).toBe(503);
    // The connection is still the same, so Redis answers as soon as it goes on.
    expect(server.log.filter(({ redis: of }) => of !== undefined)).toEqual([]);
    redis.resume();
    await vi.waitFor(async () => expect(await askLog()).toBe(200), { timeout: 10_000 });
  } finally {
    redis.resume();
    await realtime.stop();
  }
});
