import { EventSource } from "eventsource";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTestServer, type TestServer } from "../../test-support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ HEARTBEAT_MS: "20", RETRY_MS: "123", BODY_LIMIT_BYTES: "2000" });
});
afterAll(async () => server.stop());

test("creates sessions with an epoch and a token each", async () => {
  const [one, two] = [await server.api.createSession(), await server.api.createSession()];
  expect(one.sessionId).not.toBe(two.sessionId);
  expect(one.epoch).toMatch(/^[a-z0-9]+$/);
  expect(one.epoch).not.toBe(two.epoch);
});

test("opens a stream with its headers, retry at once, and connected with a first id", async () => {
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  expect(Object.fromEntries(stream.headers)).toMatchObject({
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "x-instance": "server-1",
  });
  expect(stream.retries).toEqual([123]);
  expect(stream.messages[0]).toMatchObject({ event: "connected", id: `${session.epoch}-0` });
  expect(stream.notice).toMatchObject({
    sessionId: session.sessionId,
    instance: "server-1",
    resume: { status: "none" },
    retryMs: 123,
  });
  await vi.waitFor(() => expect(stream.comments.length).toBeGreaterThan(1));
  stream.close();
});

test.each([
  ["header", (id: string) => ({ headers: { "last-event-id": id }, query: "" })],
  ["query", (id: string) => ({ headers: {}, query: `&last_event_id=${id}` })],
])(
  "says that it cannot resume from an id in the %s, and gives no first id then",
  async (_where, request) => {
    const session = await server.api.createSession();
    const { headers, query } = request("abc-5");
    const url = `${server.url}/api/sessions/${session.sessionId}/events?token=${session.token}${query}`;
    const aborter = new AbortController();
    const response = await fetch(url, { headers, signal: aborter.signal });
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (text.includes("event: connected")) break;
    }
    expect(text).toContain('"resume":{"lastEventId":"abc-5","status":"unsupported"}');
    expect(text).not.toMatch(/^id:/m);
  },
);

test("lets no session read or drive another's stream", async () => {
  const [mine, theirs] = [await server.api.createSession(), await server.api.createSession()];
  const mixed = { sessionId: theirs.sessionId, token: mine.token };
  for (const path of [
    "messages",
    "pipeline",
    "pipeline/gate",
    "workflow/replan",
    "workflow/preferences",
  ]) {
    expect((await server.api.post(mixed, path, {})).status, path).toBe(403);
    expect((await server.api.post({ ...mine, token: "x" }, path, {})).status, path).toBe(401);
  }
  const events = `${server.url}/api/sessions/${theirs.sessionId}/events`;
  expect((await fetch(`${events}?token=${mine.token}`)).status).toBe(403);
  const refused = await fetch(events);
  expect(refused.status).toBe(401);
  expect(refused.headers.get("www-authenticate")).toBe("Bearer");
});

test("publishes chat messages to the session's own streams only, all of them", async () => {
  const [session, other] = [await server.api.createSession(), await server.api.createSession()];
  const streams = [await server.api.connect(session), await server.api.connect(session)];
  const stranger = await server.api.connect(other);
  const response = await server.api.post(session, "messages", { text: "hello" });
  expect(response.status).toBe(202);
  const { eventId } = (await response.json()) as { eventId: string };
  for (const stream of streams) {
    await vi.waitFor(() => expect(stream.types).toEqual(["chat_message"]));
    expect(stream.messages.at(-1)?.id).toBe(eventId);
    expect(stream.events[0]).toMatchObject({
      total: 0,
      payload: { text: "hello" },
      instance: "server-1",
    });
    stream.close();
  }
  expect(stranger.types).toEqual([]);
  stranger.close();
});

test("publishes workflow changes as events", async () => {
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  await server.api.post(session, "workflow/replan", { instruction: "shorter" });
  await server.api.post(session, "workflow/preferences", { preferences: { tone: "dry" } });
  await vi.waitFor(() => expect(stream.types).toEqual(["replan", "preferences"]));
  const [first, second] = stream.events;
  expect(second?.epoch).toBe(first?.epoch);
  expect(second?.seq).toBeGreaterThan(first?.seq ?? 0);
  stream.close();
});

test("serves the EventSource client from connected to the end of a pipeline", async () => {
  const session = await server.api.createSession();
  const source = new EventSource(
    `${server.url}/api/sessions/${session.sessionId}/events?token=${session.token}`,
  );
  const ids: string[] = [];
  for (const type of [
    "connected",
    "stage_start",
    "section_draft",
    "stage_complete",
    "replan",
    "preferences",
  ])
    source.addEventListener(type, (event) => ids.push(event.lastEventId));
  const complete = new Promise<string>((resolve) =>
    source.addEventListener("pipeline_complete", (event) => resolve(event.lastEventId)),
  );
  await vi.waitFor(() => expect(ids).toEqual([`${session.epoch}-0`]));
  await server.api.start(session, { events: 9 });
  expect(await complete).toBe(`${session.epoch}-9`);
  source.close();
  expect(ids).toEqual(Array.from({ length: 9 }, (_, seq) => `${session.epoch}-${seq}`));
});

test.each([
  ["an unknown path", "GET", "/api/nothing", undefined, 404],
  ["a wrong method", "DELETE", "/api/sessions", undefined, 405],
  [
    "a body that is too large",
    "POST",
    "/api/sessions",
    JSON.stringify({ text: "x".repeat(3000) }),
    413,
  ],
  ["broken JSON", "POST", "/api/sessions", "{", 400],
  ["an unknown field", "POST", "/api/sessions", '{"admin":true}', 400],
])("answers %s with problem details", async (_what, method, path, body, status) => {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const response = await fetch(server.url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  expect(response.headers.get("x-instance")).toBe("server-1");
  const problem = (await response.json()) as { status: number; title: string; detail: string };
  expect(problem.status).toBe(status);
  expect(problem.title).toMatch(/./);
  expect(problem.detail).toMatch(/./);
});

test("names the methods that a path takes", async () => {
  const response = await fetch(`${server.url}/api/sessions`, { method: "PUT" });
  expect(response.headers.get("allow")).toBe("POST");
});

test("takes JSON bodies only", async () => {
  const response = await fetch(`${server.url}/api/sessions`, { method: "POST", body: "text" });
  expect(response.status).toBe(415);
});

test("answers HEAD on a stream instead of leaving it open", async () => {
  const session = await server.api.createSession();
  const url = `${server.url}/api/sessions/${session.sessionId}/events?token=${session.token}`;
  expect((await fetch(url, { method: "HEAD" })).status).toBe(405);
});
