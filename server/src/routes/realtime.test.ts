import { decodeJwt, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  startStandIn,
  type TestStandIn,
} from "../../../standins/realtime/server/test-support/start-stand-in.ts";
import { spawnServer } from "../../test-support/child-server.ts";
import { realtimeEnvironment } from "../../test-support/realtime-environment.ts";
import { openPage, subscribedPage } from "../../test-support/realtime-page.ts";
import { startTestServer, TEST_SECRET, type TestServer } from "../../test-support/test-server.ts";
import type { RealtimeAccess, RealtimeToken, SessionCreated } from "../contract/events.ts";
import { SessionTokens } from "../lib/http/session-token.ts";

let realtime: TestStandIn;
let server: TestServer;
beforeAll(async () => {
  realtime = await startStandIn();
  server = await startTestServer(realtimeEnvironment(realtime));
});
afterAll(async () => {
  await server.stop();
  await realtime.stop();
});

const accessOf = (session: SessionCreated): RealtimeAccess => session.realtime as RealtimeAccess;

test("tells a new session where to subscribe, and gives it a token of its own", async () => {
  const session = await server.api.createSession();
  const access = accessOf(session);
  expect(access).toEqual({
    url: realtime.url.replace("http", "ws"),
    apikey: access.token,
    topic: `sse:session:${session.sessionId}`,
    catchUp: false,
    token: expect.any(String) as unknown,
    expiresInS: expect.any(Number) as unknown,
    expiresAt: expect.any(Number) as unknown,
  });
  const claims = decodeJwt(access.token);
  expect(claims).toEqual({
    role: "sse_page",
    sse_session: session.sessionId,
    iat: expect.any(Number) as unknown,
    exp: access.expiresAt / 1000,
  });
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(300);
});

test("tells clients another address and the anon key where there are some", async () => {
  const { anonKey } = realtime;
  const settings = {
    REALTIME_PUBLIC_URL: "https://abc.supabase.co/realtime/v1/",
    REALTIME_ANON_KEY: anonKey,
  };
  await using hosted = await startTestServer({ ...realtimeEnvironment(realtime), ...settings });
  const access = accessOf(await hosted.api.createSession());
  expect(access).toMatchObject({ url: "wss://abc.supabase.co/realtime/v1", apikey: anonKey });
});

test("lets no session into another's channel, and nobody publish to his own", async () => {
  const [mine, theirs] = [await server.api.createSession(), await server.api.createSession()];
  const intruder = openPage({
    ...accessOf(theirs),
    token: accessOf(mine).token,
    apikey: accessOf(mine).token,
  });
  await vi.waitFor(() => expect(intruder.statuses.join()).toContain("CHANNEL_ERROR"), {
    timeout: 10_000,
  });
  const page = await subscribedPage(accessOf(theirs));
  await fetch(realtime.url.replace("/socket", "/api/broadcast"), {
    method: "POST",
    headers: {
      authorization: `Bearer ${accessOf(theirs).token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({
      messages: [
        {
          topic: accessOf(theirs).topic,
          event: "replan",
          private: true,
          payload: { forged: true },
        },
      ],
    }),
  });
  await server.api.start(theirs, { events: 5 });
  await vi.waitFor(() => expect(page.ids()).toHaveLength(5));
  expect(page.received).toHaveLength(5);
  expect(intruder.received).toEqual([]);
  expect(intruder.statuses.join()).not.toContain("SUBSCRIBED");
  await intruder.close();
  await page.close();
});

test("gives a fresh token, to the session itself only, and none that outlives it", async () => {
  const [session, other] = [await server.api.createSession(), await server.api.createSession()];
  const response = await server.api.post(session, "realtime-token", {});
  expect(response.status).toBe(200);
  expect(response.headers.get("cache-control")).toBe("no-store");
  const { token, expiresAt } = (await response.json()) as RealtimeToken;
  expect(decodeJwt(token)).toMatchObject({ sse_session: session.sessionId, exp: expiresAt / 1000 });
  const page = await subscribedPage({ ...accessOf(session), token, apikey: token });
  await page.close();

  expect(
    (await server.api.post({ ...session, token: other.token }, "realtime-token", {})).status,
  ).toBe(403);
  expect((await server.api.post({ ...session, token: "x" }, "realtime-token", {})).status).toBe(
    401,
  );
  expect((await server.api.post(session, "realtime-token", { ttl: 1e9 })).status).toBe(400);
  expect(
    (await fetch(`${server.url}/api/sessions/${session.sessionId}/realtime-token`)).status,
  ).toBe(405);

  const endsAt = Date.now() + 60_000;
  const short = new SessionTokens(TEST_SECRET).sign({
    sessionId: session.sessionId,
    epoch: "e",
    expiresAt: endsAt,
  });
  const bounded = (await (
    await server.api.post({ ...session, token: short }, "realtime-token", {})
  ).json()) as RealtimeToken;
  expect(bounded.expiresAt).toBeLessThanOrEqual(endsAt);
});

test("an expired token opens nothing", async () => {
  const session = await server.api.createSession();
  const nowS = Math.floor(Date.now() / 1000);
  const expired = await new SignJWT({ role: "sse_page", sse_session: session.sessionId })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(nowS - 10)
    .sign(Buffer.from(realtime.jwtSecret));
  const page = openPage({ ...accessOf(session), token: expired });
  await vi.waitFor(() => expect(page.statuses.join()).toMatch(/expired/i), { timeout: 10_000 });
  expect(page.statuses.join()).not.toContain("SUBSCRIBED");
  await page.close();
});

describe("without Supabase Realtime", () => {
  test("says that there are no tokens and no log", async () => {
    await using local = await startTestServer();
    const session = await local.api.createSession();
    expect(session.realtime).toBeUndefined();
    const token = await local.api.post(session, "realtime-token", {});
    const log = await fetch(
      `${local.url}/api/sessions/${session.sessionId}/log?token=${session.token}`,
    );
    for (const refused of [token, log]) {
      expect(refused.status).toBe(404);
      expect(refused.headers.get("content-type")).toContain("application/problem+json");
    }
  });
});

test("logs and records no key, secret or token, even if Realtime refuses the key", async () => {
  const wrong = await startStandIn({
    env: { API_JWT_SECRET: "another-secret-another-secret-another-secret" },
  });
  const keys = { ...realtime, url: wrong.url };
  const child = await spawnServer({ ...realtimeEnvironment(keys), LOG_LEVEL: "trace" });
  let log = "";
  for (const stream of [child.process.stdout, child.process.stderr])
    stream?.on("data", (chunk: Buffer) => (log += chunk.toString()));
  try {
    const session = await child.api.createSession();
    await child.api.start(session, { events: 3 });
    await vi.waitFor(() => expect(log).toContain("the server refused REALTIME_KEY"), {
      timeout: 10_000,
    });
    child.process.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    for (const secret of [
      realtime.serviceKey,
      realtime.jwtSecret,
      session.token,
      accessOf(session).token,
    ])
      expect(log).not.toContain(secret);
  } finally {
    child.process.kill("SIGKILL");
    await wrong.stop();
  }
});
