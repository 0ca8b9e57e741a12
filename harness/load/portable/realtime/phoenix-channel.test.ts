import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { SignJWT } from "jose";
import { connectRaw } from "../../../../standins/realtime/server/test-support/raw-client.ts";
import {
  startStandIn,
  type TestStandIn,
} from "../../../../standins/realtime/server/test-support/start-stand-in.ts";
import { SESSION_CLAIM, type RealtimeAccess } from "../../../../server/src/contract/events.ts";
import { openPhoenixChannel } from "./phoenix-channel.ts";
import type { Vsn } from "./phoenix-codec.ts";
import { listen, type ChannelLog } from "../../test-support/realtime/channel-log.ts";
import { openWsWire } from "../../native/transport/ws-wire.ts";

const PATIENCE = { timeout: 15_000, interval: 20 };

let standIn: TestStandIn;
const logs: ChannelLog[] = [];
beforeAll(async () => void (standIn = await startStandIn()));
afterAll(() => standIn.stop());
afterEach(() => logs.splice(0).forEach((one) => one.channel.close()));

const tokenOf = async (
  sessionId: string,
  { secret = standIn.jwtSecret, expiresInS = 60 } = {},
): Promise<string> =>
  new SignJWT({ role: "sse_page", [SESSION_CLAIM]: sessionId })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInS)
    .sign(new TextEncoder().encode(secret));

const open = async (
  sessionId: string,
  changes: Partial<RealtimeAccess> = {},
  vsn?: Vsn,
): Promise<ChannelLog> => {
  const access: RealtimeAccess = {
    url: standIn.url,
    apikey: standIn.anonKey,
    topic: `sse:session:${sessionId}`,
    catchUp: false,
    token: await tokenOf(sessionId),
    expiresInS: 60,
    expiresAt: Date.now() + 60_000,
    ...changes,
  };
  const one = listen(openPhoenixChannel(openWsWire(vsn && { vsn })), access);
  logs.push(one);
  return one;
};

const post = async (body: object): Promise<void> => {
  const answer = await fetch(`${standIn.url.replace(/\/socket$/, "")}/api/broadcast`, {
    method: "POST",
    headers: { authorization: `Bearer ${standIn.serviceKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(202);
};

/** Publishes over WebSocket: a subscriber of vsn 2.0.0 gets a binary frame. */
async function publishBinary(topic: string, event: string, payload: object): Promise<void> {
  const { port, serviceKey } = standIn;
  const url = `ws://127.0.0.1:${port}/socket/websocket?apikey=${serviceKey}&vsn=2.0.0`;
  const client = await connectRaw(url);
  const [ref, wireTopic] = ["1", `realtime:${topic}`];
  client.send([ref, ref, wireTopic, "phx_join", { config: { private: true } }]);
  await client.next();
  const texts = [ref, ref, wireTopic, event].map((text) => Buffer.from(text));
  const head = Buffer.from([3, ...texts.map((text) => text.length), 0, 1]);
  client.send(Buffer.concat([head, ...texts, Buffer.from(JSON.stringify(payload))]));
  await client.settle();
  client.ws.close();
}

test.each(["1.0.0", "2.0.0"] as const)(
  "vsn %s brings broadcasts, as text and as binary frames",
  async (vsn) => {
    const one = await open(vsn, {}, vsn);
    await vi.waitFor(() => expect(one.count("subscribed")).toBe(1), PATIENCE);
    const topic = `sse:session:${vsn}`;
    await post({ messages: [{ topic, event: "batch", payload: { n: 1 }, private: true }] });
    await publishBinary(topic, "single", { n: 2 });
    await vi.waitFor(() => expect(one.broadcasts()).toHaveLength(2), PATIENCE);
    expect(one.broadcasts()).toMatchObject([
      { event: "batch", payload: { n: 1 } },
      { event: "single", payload: { n: 2 } },
    ]);
  },
);

test("a public channel of the same name is another one", async () => {
  const one = await open("private");
  await vi.waitFor(() => expect(one.count("subscribed")).toBe(1), PATIENCE);
  const message = { topic: "sse:session:private", event: "e", payload: {} };
  await post({ messages: [message, { ...message, event: "to-us", private: true }] });
  await vi.waitFor(() => expect(one.broadcasts()).toHaveLength(1), PATIENCE);
  expect(one.broadcasts()).toMatchObject([{ event: "to-us" }]);
});

/** In the words of the server (supabase/realtime), so that a report can show them. */
const REFUSALS: [string, () => Promise<Partial<RealtimeAccess>>, RegExp, number][] = [
  // The parameter is there, so the server looks into it.
  ["an empty key", async () => Promise.resolve({ apikey: "" }), /not a valid JWT/, 401],
  ["a key that is none", async () => Promise.resolve({ apikey: "x" }), /not a valid JWT/, 401],
  [
    "a key of another secret",
    async () => ({ apikey: await tokenOf("a", { secret: "z".repeat(40) }) }),
    /Failed to validate JWT signature/,
    401,
  ],
  [
    "an expired key",
    async () => ({ apikey: await tokenOf("a", { expiresInS: -5 }) }),
    /expired/,
    401,
  ],
  [
    "an unknown tenant",
    async () => Promise.resolve({ url: `http://nobody.localhost:${standIn.port}/socket` }),
    /Tenant not found/,
    404,
  ],
  [
    "an expired token",
    async () => ({ token: await tokenOf("a", { expiresInS: -5 }) }),
    /expired/,
    0,
  ],
  ["a token that is none", async () => Promise.resolve({ token: "x" }), /not a valid JWT/, 0],
  [
    "a token of another session",
    async () => ({ token: await tokenOf("b") }),
    /^Unauthorized: You do not have permissions to read from this Channel topic/,
    0,
  ],
];

test.each(REFUSALS)("%s is refused in the server's words", async (_, changes, reason, status) => {
  const one = await open("a", await changes());
  await vi.waitFor(() => expect(one.downs().length).toBeGreaterThan(0), PATIENCE);
  expect(one.downs()[0]).toEqual({
    reason: expect.stringMatching(reason) as string,
    status,
    ended: false,
  });
  expect(one.count("subscribed")).toBe(0);
});
