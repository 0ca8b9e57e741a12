import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTestServer, type TestServer } from "../../test-support/test-server.ts";
import { nowMs } from "../../../common/clock.ts";
import type { LedgerRecord } from "../contract/ledger.ts";

let server: TestServer;
let ledgerDir: string;
beforeAll(async () => {
  ledgerDir = await mkdtemp(join(tmpdir(), "sse-server-ledger-"));
  server = await startTestServer({ LEDGER_DIR: ledgerDir });
});
afterAll(async () => {
  await server.stop();
  await rm(ledgerDir, { recursive: true });
});

async function ledgerOf(sessionId: string): Promise<LedgerRecord[]> {
  const [file = ""] = await readdir(ledgerDir);
  const lines = (await readFile(join(ledgerDir, file), "utf8")).trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as LedgerRecord)
    .filter((record) => "sessionId" in record && record.sessionId === sessionId);
}

test("publishes the plan in order and on time, in the session's first epoch", async () => {
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  const started = await server.api.start(session, { events: 20, payloadBytes: 33 });
  expect(started.status).toBe(202);
  expect(await started.json()).toEqual({ epoch: session.epoch, total: 20, instance: "server-1" });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"));
  expect(stream.messages.slice(1).map(({ id }) => id)).toEqual(
    Array.from({ length: 20 }, (_, index) => `${session.epoch}-${index + 1}`),
  );
  for (const [index, event] of stream.events.entries()) {
    expect(event).toMatchObject({ sessionId: session.sessionId, total: 20, instance: "server-1" });
    expect(event.payload["text"]).toHaveLength(33);
    expect(event.publishedMs).toBeGreaterThanOrEqual(event.intendedMs);
    const previous = stream.events[index - 1];
    if (previous !== undefined) expect(event.intendedMs - previous.intendedMs).toBeCloseTo(5, 2);
  }
  stream.close();
});

test("catches up when it is asked for more than a timer can do", async () => {
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  await server.api.start(session, { events: 3000, eventsPerSecond: 50_000 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"), {
    timeout: 10_000,
  });
  expect(stream.events.map(({ seq }) => seq)).toEqual(
    Array.from({ length: 3000 }, (_, index) => index + 1),
  );
  stream.close();
});

test("writes into the ledger what it published", async () => {
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  await server.api.start(session, { events: 4 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"));
  const records = await ledgerOf(session.sessionId);
  expect(records.map(({ kind }) => kind)).toEqual([
    "pipeline",
    "published",
    "published",
    "published",
    "published",
    "pipeline",
  ]);
  expect(records.at(1)).toMatchObject({
    epoch: session.epoch,
    seq: 1,
    event: stream.events[0]?.type,
    intendedMs: stream.events[0]?.intendedMs,
    atMs: stream.events[0]?.publishedMs,
    route: "local",
  });
  expect(records.at(-1)).toMatchObject({ state: "completed", total: 4 });
  stream.close();
});

test("runs one pipeline at a time, and says which one is in the way", async () => {
  const session = await server.api.createSession();
  await server.api.start(session, { events: 2, gates: 1 });
  for (const restart of [false, true]) {
    const refused = await server.api.start(session, { restart });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      reason: "running",
      epoch: session.epoch,
      total: 2,
      instance: "server-1",
    });
  }
});

test("gives a restarted pipeline a new epoch, and never repeats a run", async () => {
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  await server.api.start(session, { events: 1 });
  await vi.waitFor(() => expect(stream.types).toEqual(["pipeline_complete"]));

  const repeated = await server.api.start(session, { events: 1 });
  expect(repeated.status).toBe(409);
  expect(await repeated.json()).toMatchObject({ reason: "ended", epoch: session.epoch });

  const restarted = (await (
    await server.api.start(session, { events: 1, restart: true })
  ).json()) as {
    epoch: string;
  };
  expect(restarted.epoch).not.toBe(session.epoch);
  await vi.waitFor(() =>
    expect(stream.events.map(({ epoch }) => epoch)).toEqual([session.epoch, restarted.epoch]),
  );
  stream.close();
});

test("waits at a gate until its answer, and delays its schedule by the wait", async () => {
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  await server.api.start(session, { events: 4, gates: 1, eventsPerSecond: 100 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_gate"));
  const gateEvent = stream.events.at(-1);

  const wrong = await server.api.post(session, "pipeline/gate", { gate: "gate-2", answer: "yes" });
  expect(wrong.status).toBe(409);
  expect(await wrong.json()).toMatchObject({ reason: "not-waiting", gate: "gate-2" });

  // Until the remaining events would have been due.
  const dueMs = (gateEvent?.intendedMs ?? Infinity) + 50;
  await vi.waitFor(() => expect(nowMs()).toBeGreaterThan(dueMs), { interval: 5 });
  expect(stream.types.at(-1)).toBe("pipeline_gate");
  const answered = await server.api.post(session, "pipeline/gate", {
    gate: "gate-1",
    answer: "yes",
  });
  expect(answered.status).toBe(202);
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"));
  const next = stream.events[gateEvent?.seq ?? 0];
  expect((next?.intendedMs ?? 0) - (gateEvent?.intendedMs ?? 0)).toBeGreaterThan(50);

  const gates = (await ledgerOf(session.sessionId)).filter(({ kind }) => kind === "gate");
  expect(gates).toMatchObject([
    { gate: "gate-1", state: "offered" },
    { gate: "gate-1", state: "reached" },
  ]);
  stream.close();
});

test("takes one answer for each gate", async () => {
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  await server.api.start(session, { events: 9, gates: 2 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_gate"));
  const gate = { gate: "gate-1", answer: "yes" };
  expect((await server.api.post(session, "pipeline/gate", gate)).status).toBe(202);
  const again = await server.api.post(session, "pipeline/gate", gate);
  expect(again.status).toBe(409);
  expect(await again.json()).toMatchObject({ reason: "already-answered" });
  stream.close();
});

test("reports that it cannot reach other instances without a broker", async () => {
  const session = await server.api.createSession();
  const refused = await server.api.post(session, "pipeline/gate", {
    gate: "gate-1",
    answer: "yes",
  });
  expect(refused.status).toBe(409);
  const { reason, detail } = (await refused.json()) as { reason: string; detail: string };
  expect(reason).toBe("no-broker");
  expect(detail).toContain("no broker connects it to others");
});

test("ends a pipeline whose gate nobody answers by pipeline_error, when told to", async () => {
  await using impatient = await startTestServer({ GATE_TIMEOUT_MS: "20" });
  const session = await impatient.api.createSession();
  const stream = await impatient.api.connect(session);
  await impatient.api.start(session, { events: 5, gates: 1 });
  await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_error"));
  const [gate, error] = stream.events.slice(-2);
  expect(error?.seq).toBe((gate?.seq ?? 0) + 1);
  expect(error?.total).toBe(error?.seq);
  expect(error?.payload["reason"]).toContain("gate-1");
  stream.close();
});

test("names every wrong field of a plan", async () => {
  const session = await server.api.createSession();
  const refused = await server.api.post(session, "pipeline", {
    events: 0,
    eventsPerSecond: -1,
    gates: 1.5,
    payloadBytes: "big",
    speed: 1,
  });
  expect(refused.status).toBe(400);
  const { errors } = (await refused.json()) as { errors: { field: string }[] };
  expect(errors.map(({ field }) => field).sort()).toEqual(
    ["(body)", "events", "eventsPerSecond", "gates", "payloadBytes", "seed"].sort(),
  );
  const tooMany = await server.api.start(session, { events: 3, gates: 3 });
  expect(tooMany.status).toBe(400);
  expect(await tooMany.json()).toMatchObject({ errors: [{ field: "gates" }] });
});
