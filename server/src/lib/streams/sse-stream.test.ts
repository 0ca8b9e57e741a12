import { connect } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { memoryLog } from "../../../test-support/memory-log.ts";
import { startTestServer, type TestServer } from "../../../test-support/test-server.ts";

const MAX_BUFFER_BYTES = 262_144;

const { logger, entries } = memoryLog();
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ MAX_STREAM_BUFFER_BYTES: String(MAX_BUFFER_BYTES) }, logger);
});
afterAll(async () => server.stop());

test("cuts a client that never reads, logs the reason, and serves the others", async () => {
  const session = await server.api.createSession();
  const { port } = new URL(server.url);
  const silent = connect(Number(port), "127.0.0.1");
  silent.pause();
  silent.write(
    `GET /api/sessions/${session.sessionId}/events?token=${session.token} ` +
      "HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  );
  const cut = new Promise<void>((resolve) =>
    silent.on("error", () => resolve()).on("close", () => resolve()),
  );
  const reader = await server.api.connect(session);
  await vi.waitFor(async () => expect(await metric("sse_streams_open")).toBe(2));

  // Far more than the kernel's buffers and the bound together hold.
  await server.api.start(session, { events: 1000, eventsPerSecond: 500, payloadBytes: 30_000 });
  await vi.waitFor(async () => expect(await metric("sse_slow_subscribers_total")).toBe(1), {
    timeout: 20_000,
  });
  await vi.waitFor(async () => expect(await metric("sse_streams_open")).toBe(1));
  await vi.waitFor(() => expect(reader.messages.at(-1)?.event).toBe("pipeline_complete"), {
    timeout: 20_000,
  });
  expect(reader.messages).toHaveLength(1001);
  expect(entries).toMatchObject([{ reason: "slow-subscriber", sessionId: session.sessionId }]);
  expect(entries[0]?.["bufferedBytes"]).toBeGreaterThan(MAX_BUFFER_BYTES);

  silent.resume();
  await cut;
  reader.close();
});

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
}

/** Reads a raw answer until a whole message with `end` is there. */
const readRaw = (request: string, end: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("error", reject).on("data", (bytes: Buffer) => {
      chunks.push(bytes);
      const text = Buffer.concat(chunks).toString();
      if (!text.includes(end) || !/\n\n(\r\n)?$/.test(text)) return;
      socket.destroy();
      resolve(text);
    });
    socket.write(request);
  });

// RFC 9112, 7.1.
test("text beyond ASCII arrives in chunks whose sizes count bytes", async () => {
  const session = await server.api.createSession();
  const path = `/api/sessions/${session.sessionId}/events?token=${session.token}`;
  const raw = readRaw(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, "last ✓");
  await vi.waitFor(async () => expect(await metric("sse_streams_open")).toBe(1));
  for (const text of ["plain", "é and 🚀", "last ✓"])
    await server.api.post(session, "messages", { text });
  const answer = await raw;
  const bytes = Buffer.from(answer.slice(answer.indexOf("\r\n\r\n") + 4));
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const sizeEnd = bytes.indexOf("\r\n", at);
    const size = parseInt(bytes.subarray(at, sizeEnd).toString(), 16);
    expect(size).toBeGreaterThan(0);
    const message = bytes.subarray(sizeEnd + 2, sizeEnd + 2 + size).toString();
    expect(bytes.subarray(sizeEnd + 2 + size, sizeEnd + 4 + size).toString()).toBe("\r\n");
    texts.push(...(/"text":"([^"]*)"/.exec(message)?.slice(1) ?? []));
    at = sizeEnd + 4 + size;
  }
  expect(texts).toEqual(["plain", "é and 🚀", "last ✓"]);
  await vi.waitFor(async () => expect(await metric("sse_streams_open")).toBe(0));
});

test("a client of HTTP/1.0 gets the messages without chunks", async () => {
  const session = await server.api.createSession();
  const path = `/api/sessions/${session.sessionId}/events?token=${session.token}`;
  const raw = readRaw(`GET ${path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n`, "done é");
  await vi.waitFor(async () => expect(await metric("sse_streams_open")).toBe(1));
  await server.api.post(session, "messages", { text: "done é" });
  const answer = await raw;
  expect(answer).not.toMatch(/transfer-encoding/i);
  expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toMatch(
    /^retry: \d+\n\nid: \S+\nevent: connected\ndata: .*\n\nid: /,
  );
});
