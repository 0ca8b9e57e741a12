import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { killChild } from "../../../../common/processes/kill-child.ts";
import { Api } from "../../../test-support/api.ts";
import { startTestServer, type TestServer } from "../../../test-support/test-server.ts";
import { freePort } from "../../../test-support/valkey.ts";

const PATIENCE = { timeout: 15_000 };
/** The proxy cuts an answer that is silent for longer. */
const IDLE_CUT_MS = 1000;

let server: TestServer;
let proxy: ChildProcess;
let folder: string;
afterEach(async () => {
  await killChild(proxy);
  await server.stop();
  await rm(folder, { recursive: true });
});

/** A server behind a HAProxy that compresses streams too, and cuts what is idle. */
async function behindProxy(heartbeatMs: number): Promise<Api> {
  server = await startTestServer({ HEARTBEAT_MS: String(heartbeatMs) });
  const port = await freePort();
  folder = await mkdtemp(join(tmpdir(), "sse-proxy-"));
  const config = join(folder, "haproxy.cfg");
  await writeFile(
    config,
    `defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server ${IDLE_CUT_MS}ms
frontend all
  bind 127.0.0.1:${port}
  compression algo gzip
  compression type text/event-stream application/json
  default_backend server
backend server
  server server ${new URL(server.url).host}
`,
  );
  const env = { LD_LIBRARY_PATH: process.env["SSE_LAB_TEST_HAPROXY_LIBRARIES"] ?? "" };
  const binary = process.env["SSE_LAB_TEST_HAPROXY"] ?? "";
  proxy = spawn(binary, ["-q", "-db", "-f", config], { env, stdio: "ignore" });
  const api = new Api(`http://127.0.0.1:${port}`);
  await vi.waitFor(async () => expect((await fetch(`${api.url}/healthz`)).ok).toBe(true), PATIENCE);
  return api;
}

test("a proxy that compresses passes a stream event by event", async () => {
  const api = await behindProxy(100);
  const health = await fetch(`${api.url}/healthz`);
  expect(health.headers.get("content-encoding")).toBe("gzip");
  const session = await api.createSession();
  const stream = await api.connect(session);
  expect(stream.headers.get("content-encoding")).toBeNull();
  for (let sent = 1; sent <= 5; sent++) {
    await api.post(session, "messages", { text: String(sent) });
    await vi.waitFor(() => expect(stream.events).toHaveLength(sent), PATIENCE);
  }
  stream.close();
});

test("heartbeats keep a stream open behind a proxy that cuts idle answers", async () => {
  const api = await behindProxy(IDLE_CUT_MS / 5);
  const stream = await api.connect(await api.createSession());
  await vi.waitFor(() => expect(stream.comments.length).toBeGreaterThan(10), PATIENCE);
  expect(await Promise.race([stream.ended, Promise.resolve("open")])).toBe("open");
  stream.close();
});

test("without heartbeats in time, the proxy cuts it", async () => {
  const api = await behindProxy(60_000);
  const stream = await api.connect(await api.createSession());
  expect(await stream.ended).toBe(false);
});
