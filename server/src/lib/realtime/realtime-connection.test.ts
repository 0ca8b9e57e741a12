import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  startStandIn,
  type TestStandIn,
} from "../../../../standins/realtime/server/test-support/start-stand-in.ts";
import { memoryLog } from "../../../test-support/memory-log.ts";
import { realtimeEnvironment } from "../../../test-support/realtime-environment.ts";
import { openPage, subscribedPage } from "../../../test-support/realtime-page.ts";
import { startTestServer, type TestServer } from "../../../test-support/test-server.ts";
import type { RealtimeAccess } from "../../contract/events.ts";

let realtime: TestStandIn;
let one: TestServer;
let two: TestServer;
beforeEach(async () => {
  realtime = await startStandIn();
  one = await startTestServer({ ...realtimeEnvironment(realtime), INSTANCE: "server-1" });
  two = await startTestServer({ ...realtimeEnvironment(realtime), INSTANCE: "server-2" });
});
afterEach(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await realtime.stop();
});

const answer = { gate: "gate-1", answer: "yes" };

test("relays a gate response to the pipeline's instance from its start", async () => {
  for (let round = 0; round < 5; round++) {
    const session = await one.api.createSession();
    const page = await subscribedPage(session.realtime as RealtimeAccess);
    await one.api.start(session, { events: 2, gates: 1, eventsPerSecond: 10_000 });
    await vi.waitFor(
      () => expect(page.received.map(({ event }) => event.type)).toEqual(["pipeline_gate"]),
      {
        interval: 1,
      },
    );
    const response = await two.api.post(session, "pipeline/gate", answer);
    expect(response.status).toBe(202);
    expect(response.headers.get("x-instance")).toBe("server-2");
    await vi.waitFor(() => expect(page.received.at(-1)?.event.type).toBe("pipeline_complete"));
    await page.close();
  }
});

test("reports why the pipeline did not take the answer", async () => {
  const session = await one.api.createSession();
  await one.api.start(session, { events: 5, gates: 1, eventsPerSecond: 10_000 });
  const wrong = await two.api.post(session, "pipeline/gate", { ...answer, gate: "gate-9" });
  expect(wrong.status).toBe(409);
  expect(await wrong.json()).toMatchObject({ reason: "not-waiting", instance: "server-2" });
});

test("does not claim to know that nobody runs it: Realtime counts no receivers", async () => {
  const session = await one.api.createSession();
  const refused = await two.api.post(session, "pipeline/gate", answer);
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({ reason: "unconfirmed" });
});

test("reports an absent Realtime, answers its own gates, and relays again later", async () => {
  const session = await one.api.createSession();
  await one.api.start(session, { events: 9, gates: 3, eventsPerSecond: 1000 });
  await realtime.kill();
  await vi.waitFor(async () => {
    const refused = await two.api.post(session, "pipeline/gate", answer);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ reason: "broker-away" });
  });
  await vi.waitFor(async () =>
    expect((await one.api.post(session, "pipeline/gate", answer)).status).toBe(202),
  );
  await realtime.restart();
  const next = { ...answer, gate: "gate-2" };
  await vi.waitFor(
    async () => expect((await two.api.post(session, "pipeline/gate", next)).status).toBe(202),
    {
      timeout: 15_000,
    },
  );
});

test("takes no gate response from a page: the instances' topic is closed to it", async () => {
  const session = await one.api.createSession();
  const page = openPage({ ...(session.realtime as RealtimeAccess), topic: "sse:instances" });
  await vi.waitFor(() => expect(page.statuses.join()).toContain("Unauthorized"));
  expect(page.statuses.join()).not.toContain("SUBSCRIBED");
  await page.close();
});

test("says once why the other instances cannot be reached, without the key", async () => {
  const { logger, entries } = memoryLog();
  const serviceKey = `${realtime.serviceKey}x`;
  await using refused = await startTestServer(
    realtimeEnvironment({ ...realtime, serviceKey }),
    logger,
  );
  const session = await refused.api.createSession();
  const answered = await refused.api.post(session, "pipeline/gate", answer);
  expect(await answered.json()).toMatchObject({ reason: "broker-away" });
  await vi.waitFor(() =>
    expect(entries.map(({ reason }) => reason)).toContain("Unexpected server response: 401"),
  );
  expect(JSON.stringify(entries)).not.toContain(realtime.serviceKey);
});
