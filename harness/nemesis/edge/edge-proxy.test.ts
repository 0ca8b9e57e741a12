import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startEdge, type Edge } from "./edge-proxy.ts";

const PATIENCE = { timeout: 10_000, interval: 10 };

/** By path, the open streams of a router that also answers `/plain`. */
const open = new Map<string, ServerResponse>();
const router = createServer(({ url = "" }, response) => {
  if (url === "/plain") {
    response.end("plain");
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  open.set(url, response);
});
let edge: Edge;

beforeEach(async () => {
  router.listen(0, "127.0.0.1");
  await once(router, "listening");
  edge = await startEdge(`http://127.0.0.1:${(router.address() as AddressInfo).port}`);
});
afterEach(async () => {
  await edge.close();
  open.clear();
  router.closeAllConnections();
  router.close();
});

interface Follower {
  bytes: number;
  over: boolean;
}

/** Follows a stream through the edge. */
const follow = async (path: string): Promise<Follower> => {
  const found: Follower = { bytes: 0, over: false };
  const [answer] = (await once(get(`${edge.url}${path}`), "response")) as [IncomingMessage];
  answer.on("data", (chunk: Buffer) => (found.bytes += chunk.length));
  answer.on("error", () => undefined);
  answer.once("close", () => (found.over = true));
  return found;
};

test("caps every response, also of streams that bring events, but no other connection", async () => {
  const streams = await Promise.all(["/a", "/b"].map(follow));
  edge.cap(60);
  const events = setInterval(() => open.forEach((response) => response.write("x")), 5);
  await vi.waitFor(() => expect(streams.map(({ over }) => over)).toEqual([true, true]), PATIENCE);
  const later = await follow("/c");
  await vi.waitFor(() => expect(later.over).toBe(true), PATIENCE);
  edge.cap(undefined);
  const last = await follow("/d");
  expect(await (await fetch(`${edge.url}/plain`)).text()).toBe("plain");
  await vi.waitFor(() => expect(last.bytes).toBeGreaterThan(20), PATIENCE);
  clearInterval(events);
  expect(last.over).toBe(false);
});

test("cuts a silent stream, and leaves one alone that brings something in time", async () => {
  const [silent, alive] = await Promise.all([follow("/silent"), follow("/alive")]);
  const heartbeat = setInterval(() => open.get("/alive")?.write(":\n\n"), 20);
  edge.cutIdle(400);
  await vi.waitFor(() => expect(silent.over).toBe(true), PATIENCE);
  expect(alive.over).toBe(false);
  clearInterval(heartbeat);
  await vi.waitFor(() => expect(alive.over).toBe(true), PATIENCE);
});

test("holds streams so that their sender has to wait, then passes everything on", async () => {
  const stream = await follow("/a");
  const { held, release } = edge.stopReading(0.01, 1);
  expect(held).toBe(1);
  const response = open.get("/a")!;
  const chunk = Buffer.alloc(1 << 20);
  let sent = 0;
  // More than all buffers of the kernel between them hold.
  while (sent < 64 << 20) {
    response.write(chunk);
    sent += chunk.length;
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(response.writableLength).toBeGreaterThan(0);
  release();
  await vi.waitFor(() => expect(stream.bytes).toBe(sent), PATIENCE);
});

test("lets some of the held clients read now and then, and none gets anything twice", async () => {
  const streams = await Promise.all(["/a", "/b", "/c", "/d"].map(follow));
  const { held, release } = edge.stopReading(1, 1);
  expect(held).toBe(4);
  for (const response of open.values()) response.write("held");
  const reading = (): number => streams.filter(({ bytes }) => bytes > 0).length;
  await vi.waitFor(() => expect(reading()).toBe(2), PATIENCE);
  release();
  for (const response of open.values()) response.end("end");
  await vi.waitFor(() => expect(streams.every(({ over }) => over)).toBe(true), PATIENCE);
  expect(streams.map(({ bytes }) => bytes)).toEqual([7, 7, 7, 7]);
});

test("a router that is gone is a failed request, not an error of the edge", async () => {
  router.close();
  router.closeAllConnections();
  await expect(fetch(`${edge.url}/plain`)).rejects.toThrow();
});
