import { afterEach, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../../../test-support/test-server.ts";
import { startValkey } from "../../../test-support/valkey.ts";

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

async function limited(environment: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer({
    RATE_LIMIT_POINTS: "3",
    RATE_LIMIT_WINDOW_S: "60",
    ...environment,
  });
  running.push(server);
  return server;
}

const create = async (server: TestServer): Promise<Response> =>
  fetch(`${server.url}/api/sessions`, { method: "POST" });

test("lets so many requests through and refuses the next with the time to wait", async () => {
  const server = await limited();
  for (let request = 0; request < 3; request++) expect((await create(server)).status).toBe(201);
  const refused = await create(server);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(refused.headers.get("content-type")).toContain("application/problem+json");
});

test("counts each session for itself, and streams not at all", async () => {
  const server = await limited();
  const [busy, calm] = [await server.api.createSession(), await server.api.createSession()];
  for (let request = 0; request < 3; request++)
    expect((await server.api.post(busy, "messages", { text: "hi" })).status).toBe(202);
  expect((await server.api.post(busy, "messages", { text: "hi" })).status).toBe(429);
  expect((await server.api.post(calm, "messages", { text: "hi" })).status).toBe(202);
  (await server.api.connect(busy)).close();
});

test("counts over all instances through Redis", async () => {
  const valkey = await startValkey();
  running.push(valkey);
  // The broadcast flag is off: rate limiting uses Redis without it.
  const [one, two] = [
    await limited({ REDIS_URL: valkey.url }),
    await limited({ REDIS_URL: valkey.url }),
  ];
  const session = await one.api.createSession();
  const statuses: number[] = [];
  for (const server of [one, two, one, two])
    statuses.push((await server.api.post(session, "messages", { text: "hi" })).status);
  expect(statuses).toEqual([202, 202, 202, 429]);
});

test("counts in memory while Redis is away", async () => {
  const valkey = await startValkey();
  running.push(valkey);
  const server = await limited({ REDIS_URL: valkey.url });
  const session = await server.api.createSession();
  await valkey.kill();
  const statuses: number[] = [];
  for (let request = 0; request < 4; request++)
    statuses.push((await server.api.post(session, "messages", { text: "hi" })).status);
  expect(statuses).toEqual([202, 202, 202, 429]);
});
