import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { spawnServer, type ChildServer } from "../test-support/child-server.ts";
import type { LedgerRecord } from "./contract/ledger.ts";

let ledgerDir: string;
let server: ChildServer | undefined;
beforeEach(async () => {
  ledgerDir = await mkdtemp(join(tmpdir(), "sse-server-ledger-"));
});
afterEach(async () => {
  server?.process.kill("SIGKILL");
  await server?.exited;
  await rm(ledgerDir, { recursive: true });
});

async function start(environment: Record<string, string>): Promise<ChildServer> {
  server = await spawnServer({ LEDGER_DIR: ledgerDir, ...environment });
  return server;
}

async function ledger(): Promise<LedgerRecord[]> {
  const [file = ""] = await readdir(ledgerDir);
  expect(file).toBe(`server-1.${server?.process.pid}.ndjson`);
  const text = await readFile(join(ledgerDir, file), "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as LedgerRecord);
}

const statesOf = (records: LedgerRecord[], kind: "drain" | "pipeline"): string[] =>
  records.flatMap((record) => (record.kind === kind ? [record.state] : []));

test("refuses new work, asks streams to reconnect, and exits with 0 after pipelines", async () => {
  const {
    api,
    url,
    process: child,
    exited,
  } = await start({ DRAIN_NOTICE_MS: "700", DRAIN_GRACE_MS: "20000" });
  const [watched, unwatched] = [await api.createSession(), await api.createSession()];
  const stream = await api.connect(watched);
  await api.start(unwatched, { events: 200, eventsPerSecond: 100 });
  child.kill("SIGTERM");
  await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(503), {
    interval: 5,
  });

  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const events = `${url}/api/sessions/${watched.sessionId}/events?token=${watched.token}`;
  const refusals = [
    await fetch(`${url}/api/sessions`, { method: "POST" }),
    await fetch(events),
    await api.start(watched),
  ];
  for (const refused of refusals) {
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(refused.headers.get("content-type")).toContain("application/problem+json");
  }
  // Open streams are served until their turn comes.
  expect((await api.post(watched, "messages", { text: "still here" })).status).toBe(202);
  await vi.waitFor(() => expect(stream.types).toEqual(["chat_message"]), { interval: 5 });

  expect(await stream.ended).toBe(true);
  const last = stream.messages.at(-1);
  expect(last?.event).toBe("reconnect");
  const hint = JSON.parse(last?.data ?? "{}") as { reason: string; retryMs: number };
  expect(hint.reason).toBe("draining");
  expect(stream.retries.at(-1)).toBe(hint.retryMs);
  expect(await exited).toBe(0);
  const records = await ledger();
  expect(statesOf(records, "pipeline")).toEqual(["started", "completed"]);
  expect(statesOf(records, "drain")).toEqual(["started", "ended"]);
});

test("publishes nothing for pipelines that it aborts after a grace period of 0", async () => {
  const { api, process: child, exited } = await start({});
  const session = await api.createSession();
  const stream = await api.connect(session);
  await api.start(session, { events: 100_000, eventsPerSecond: 1000 });
  await vi.waitFor(() => expect(stream.events.length).toBeGreaterThan(10));
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  const records = await ledger();
  const aborted = records.findIndex(
    (record) => record.kind === "pipeline" && record.state === "aborted",
  );
  expect(records[aborted]).toMatchObject({ reason: "draining", epoch: session.epoch });
  expect(records.slice(aborted).filter(({ kind }) => kind === "published")).toEqual([]);
  expect(records.at(-1)).toMatchObject({ kind: "drain", state: "ended" });
});

test("spreads the closing of streams, and asks their clients for different waits", async () => {
  const {
    api,
    process: child,
    exited,
  } = await start({ DRAIN_SPREAD_MS: "600", DRAIN_RETRY_MS: "1000" });
  const session = await api.createSession();
  const streams = await Promise.all(Array.from({ length: 6 }, async () => api.connect(session)));
  child.kill("SIGTERM");
  const endedAt = await Promise.all(
    streams.map(async (stream) => {
      await stream.ended;
      return performance.now();
    }),
  );
  // Six streams in a window of 600 ms: the last one's turn is 500 ms after the first one's.
  expect(Math.max(...endedAt) - Math.min(...endedAt)).toBeGreaterThan(250);
  const waits = streams.map(({ retries }) => retries.at(-1) ?? 0);
  expect(new Set(waits).size).toBeGreaterThan(1);
  for (const wait of waits) {
    expect(wait).toBeGreaterThanOrEqual(500);
    expect(wait).toBeLessThanOrEqual(1500);
  }
  expect(await exited).toBe(0);
});

test("exits at once on a second signal", async () => {
  const { process: child, exited, url } = await start({ DRAIN_NOTICE_MS: "3600000" });
  child.kill("SIGTERM");
  await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(503));
  child.kill("SIGTERM");
  expect(await exited).toBe(1);
});

test("the ledger has every event that a client saw before a SIGKILL", async () => {
  const { api, process: child, exited } = await start({});
  const sessions = await Promise.all(Array.from({ length: 5 }, async () => api.createSession()));
  const streams = await Promise.all(sessions.map(async (session) => api.connect(session)));
  for (const session of sessions)
    await api.start(session, { events: 100_000, eventsPerSecond: 2000 });
  await vi.waitFor(() => expect(streams.every(({ events }) => events.length > 300)).toBe(true), {
    interval: 5,
  });
  child.kill("SIGKILL");
  expect(await exited).toBe("SIGKILL");
  for (const stream of streams) expect(await stream.ended).toBe(false);

  const published = new Set(
    (await ledger()).flatMap((record) =>
      record.kind === "published" ? [`${record.epoch}-${record.seq}`] : [],
    ),
  );
  const seen = streams.flatMap(({ messages }) => messages.slice(1).map(({ id }) => id));
  expect(seen.length).toBeGreaterThan(1500);
  expect(seen.filter((id) => !published.has(id ?? ""))).toEqual([]);
});
