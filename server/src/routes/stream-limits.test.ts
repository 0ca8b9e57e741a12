import { connect } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import type { SessionCreated } from "../contract/events.ts";
import { readConfig } from "../config.ts";
import {
  startTestServer,
  TEST_ENVIRONMENT,
  type TestServer,
} from "../../test-support/test-server.ts";

/** For conditions that a busy host meets late. */
const PATIENCE = { timeout: 15_000 };

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => server.stop()));
});

async function serverWith(environment: Record<string, string>): Promise<TestServer> {
  const server = await startTestServer(environment);
  servers.push(server);
  return server;
}

const streamPath = ({ sessionId, token }: SessionCreated): string =>
  `/api/sessions/${sessionId}/events?token=${token}`;

const metrics = async (server: TestServer): Promise<string> =>
  (await fetch(`${server.url}/metrics`)).text();

const openStreams = async (server: TestServer): Promise<number> =>
  Number(/^sse_streams_open (\d+)$/m.exec(await metrics(server))?.[1]);

test("refuses pipelined streams but the first, and forgets it with its connection", async () => {
  const server = await serverWith({ MAX_STREAMS_PER_SESSION: "1000" });
  const session = await server.api.createSession();
  const request = `GET ${streamPath(session)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.write(request.repeat(50));
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await vi.waitFor(() => expect(text).toContain("event: connected"), PATIENCE);
  expect(await openStreams(server)).toBe(1);
  socket.destroy();
  await vi.waitFor(async () => expect(await openStreams(server)).toBe(0), PATIENCE);
});

test("takes as many streams of a session as its limit, and one more when one has ended", async () => {
  const server = await serverWith({ MAX_STREAMS_PER_SESSION: "2" });
  const [session, other] = [await server.api.createSession(), await server.api.createSession()];
  const streams = [await server.api.connect(session), await server.api.connect(session)];
  const refused = await fetch(server.url + streamPath(session));
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(await refused.json()).toMatchObject({
    detail: expect.stringContaining("2 open streams") as string,
  });
  streams.push(await server.api.connect(other));
  streams[0]?.close();
  await vi.waitFor(async () => expect(await openStreams(server)).toBe(2), PATIENCE);
  streams.push(await server.api.connect(session));
  for (const stream of streams) stream.close();
});

test("takes as many streams as the instance's limit", async () => {
  const server = await serverWith({ MAX_STREAMS: "2" });
  const sessions = [1, 2, 3].map(async () => server.api.createSession());
  const [one, two, three] = (await Promise.all(sessions)) as [
    SessionCreated,
    SessionCreated,
    SessionCreated,
  ];
  const streams = [await server.api.connect(one), await server.api.connect(two)];
  const refused = await fetch(server.url + streamPath(three));
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({
    detail: expect.stringContaining("Retry on another") as string,
  });
  streams[1]?.close();
  await vi.waitFor(async () => expect(await openStreams(server)).toBe(1), PATIENCE);
  streams.push(await server.api.connect(three));
  for (const stream of streams) stream.close();
});

test("a stream ends with its token, and says so", async () => {
  const server = await serverWith({ SESSION_TTL_S: "3", RETRY_MS: "7" });
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  await server.api.post(session, "messages", { text: "in time" });
  expect(await stream.ended).toBe(true);
  expect(stream.types).toEqual(["chat_message"]);
  const last = stream.messages.at(-1);
  expect(last?.event).toBe("reconnect");
  expect(JSON.parse(last?.data ?? "")).toEqual({ reason: "expired", retryMs: 7 });
  expect((await fetch(server.url + streamPath(session))).status).toBe(401);
  expect(await openStreams(server)).toBe(0);
});

test("counts requests by the route and not by its spelling", async () => {
  const server = await serverWith({});
  for (const path of ["/api/sessions", "/aPi/SESSIONS", "/API/sessionS"])
    expect((await fetch(server.url + path, { method: "POST" })).status).toBe(201);
  await vi.waitFor(
    async () =>
      expect((await metrics(server)).match(/^http_requests_total\{method="POST".*/gm)).toEqual([
        'http_requests_total{method="POST",route="/api/sessions/",status="201"} 3',
      ]),
    PATIENCE,
  );
});

test("a gate always has a last moment: an hour, a day at most", () => {
  expect(readConfig(TEST_ENVIRONMENT).GATE_TIMEOUT_MS).toBe(3_600_000);
  expect(readConfig({ ...TEST_ENVIRONMENT, GATE_TIMEOUT_MS: "86400000" }).GATE_TIMEOUT_MS).toBe(
    86_400_000,
  );
  for (const wrong of ["0", "86400001"])
    expect(() => readConfig({ ...TEST_ENVIRONMENT, GATE_TIMEOUT_MS: wrong })).toThrow(
      /GATE_TIMEOUT_MS/,
    );
});
