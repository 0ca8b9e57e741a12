import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startTestServer, type TestServer } from "../../test-support/test-server.ts";
import { startValkey, type TestValkey } from "../../test-support/valkey.ts";

let valkey: TestValkey;
let one: TestServer;
let two: TestServer;
beforeEach(async () => {
  valkey = await startValkey();
  const environment = { REDIS_URL: valkey.url, FF_REDIS_SSE_BROADCAST: "true" };
  one = await startTestServer({ ...environment, INSTANCE: "server-1" });
  two = await startTestServer({ ...environment, INSTANCE: "server-2" });
});
afterEach(async () => {
  valkey.resume();
  await Promise.all([one.stop(), two.stop()]);
  await valkey.stop();
});

interface Refusal {
  reason: string;
}

const answer = { gate: "gate-1", answer: "yes" };

/** A pipeline on the first instance that waits at its first gate. */
async function waitingPipeline() {
  const session = await one.api.createSession();
  const stream = await two.api.connect(session);
  await one.api.start(session, { events: 5, gates: 1 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_gate"));
  return { session, stream };
}

test("relays an answer to the pipeline's instance", async () => {
  const { session, stream } = await waitingPipeline();
  const response = await two.api.post(session, "pipeline/gate", answer);
  expect(response.status).toBe(202);
  expect(response.headers.get("x-instance")).toBe("server-2");
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"));
  stream.close();
});

test("relays an answer for a gate at the start of a pipeline", async () => {
  for (let round = 0; round < 10; round++) {
    const session = await one.api.createSession();
    const stream = await two.api.connect(session);
    await one.api.start(session, { events: 2, gates: 1, eventsPerSecond: 10_000 });
    await vi.waitFor(() => expect(stream.types).toEqual(["pipeline_gate"]), { interval: 1 });
    expect((await two.api.post(session, "pipeline/gate", answer)).status).toBe(202);
    stream.close();
  }
});

test("reports why the pipeline did not take the answer", async () => {
  const { session, stream } = await waitingPipeline();
  const wrong = await two.api.post(session, "pipeline/gate", { ...answer, gate: "gate-9" });
  expect(wrong.status).toBe(409);
  expect(await wrong.json()).toMatchObject({ reason: "not-waiting", instance: "server-2" });
  stream.close();
});

test("takes one of many simultaneous answers through both instances", async () => {
  const { session, stream } = await waitingPipeline();
  const apis = [one.api, two.api, one.api, two.api, two.api];
  const responses = await Promise.all(
    apis.map((api) => api.post(session, "pipeline/gate", answer)),
  );
  expect(responses.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409]);
  const refusals = await Promise.all(
    responses.filter(({ status }) => status === 409).map(async (r) => r.json()),
  );
  // The pipeline may have ended by then, but every answer was confirmed, one way or the other.
  for (const refusal of refusals)
    expect(["already-answered", "not-waiting", "not-running"]).toContain(
      (refusal as Refusal).reason,
    );
  stream.close();
});

test("reports that no instance runs a pipeline of the session", async () => {
  const session = await one.api.createSession();
  const response = await two.api.post(session, "pipeline/gate", answer);
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({ reason: "not-running" });
});

test("reports an absent broker, and still answers its own gates", async () => {
  const { session, stream } = await waitingPipeline();
  await valkey.kill();
  await vi.waitFor(async () => {
    const refused = await two.api.post(session, "pipeline/gate", answer);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ reason: "broker-away" });
  });
  expect((await one.api.post(session, "pipeline/gate", answer)).status).toBe(202);
  stream.close();
});

test("never reports taken without a confirmation", async () => {
  const { session, stream } = await waitingPipeline();
  valkey.pause();
  const refused = await two.api.post(session, "pipeline/gate", answer);
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({ reason: "unconfirmed" });
  stream.close();
});
