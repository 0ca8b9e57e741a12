import { afterEach, expect, test, vi } from "vitest";
import { connectRaw, type RawClient } from "./test-support/raw-client.ts";
import { startStandIn, type TestStandIn } from "./test-support/start-stand-in.ts";

let standIn: TestStandIn;
afterEach(() => standIn.stop());

const connect = (): Promise<RawClient> =>
  connectRaw(
    `ws://127.0.0.1:${standIn.port}/socket/websocket?apikey=${standIn.serviceKey}&vsn=2.0.0`,
  );

async function join(client: RawClient, topic: string, ref = "1"): Promise<unknown> {
  client.send([ref, ref, topic, "phx_join", { config: {} }]);
  return client.next();
}
const refused = (topic: string, ref: string, reason: string): unknown[] => [
  ref,
  ref,
  topic,
  "phx_reply",
  { status: "error", response: { reason } },
];

test("users are counted when they join, and the next socket is refused at its handshake", async () => {
  standIn = await startStandIn({
    env: { TENANT_MAX_CONCURRENT_USERS: "1", TENANT_MAX_CHANNELS_PER_CLIENT: "1" },
  });
  const [first, second] = [await connect(), await connect()];
  expect(await join(first, "realtime:a")).toMatchObject({ 4: { status: "ok" } });
  expect(await join(second, "realtime:a")).toEqual(
    refused("realtime:a", "1", "ConnectionRateLimitReached: Too many connected users"),
  );
  // A socket that already counts is refused for its channels only.
  expect(await join(first, "realtime:b", "2")).toEqual(
    refused("realtime:b", "2", "ChannelRateLimitReached: Too many channels"),
  );
  await expect(connect()).rejects.toThrow("429");
  first.ws.close();
  await first.closed;
  // The server notices the close a moment later.
  await vi.waitFor(async () =>
    expect(await join(second, "realtime:a", "3")).toMatchObject({ 4: { status: "ok" } }),
  );
});

test("too many events: HTTP answers 429, and each channel ends at its next delivery", async () => {
  standIn = await startStandIn({
    env: { TENANT_MAX_EVENTS_PER_SECOND: "10", RATE_SAMPLE_MS: "500" },
  });
  const [subscriber, sender] = [await connect(), await connect()];
  await join(subscriber, "realtime:t");
  await join(sender, "realtime:t");
  let answer: unknown;
  // Until a sample contains the rate.
  for (let n = 0; ; n += 1) {
    sender.send([
      "1",
      String(n),
      "realtime:t",
      "broadcast",
      { type: "broadcast", event: "e", payload: { n } },
    ]);
    answer = await subscriber.next();
    if ((answer as unknown[])[3] !== "broadcast") break;
    answer = undefined;
  }
  const payload = {
    extension: "system",
    status: "error",
    message: "Too many messages per second",
    channel: "t",
  };
  expect(answer).toEqual(["1", null, "realtime:t", "system", payload]);
  expect(await subscriber.next()).toEqual(["1", "1", "realtime:t", "phx_close", {}]);
  expect(await subscriber.settle()).toHaveLength(0);
  const http = await fetch(`http://127.0.0.1:${standIn.port}/api/broadcast`, { method: "POST" });
  expect([http.status, await http.json()]).toEqual([429, { message: "Too many requests" }]);
  expect(http.headers.get("x-rate-limit-remaining")).toMatch(/^-?\d+$/);
});

test("a batch above the limit is refused", async () => {
  standIn = await startStandIn({ env: { TENANT_MAX_EVENTS_PER_SECOND: "2" } });
  const message = { topic: "t", event: "e", payload: {} };
  const answer = await fetch(`http://127.0.0.1:${standIn.port}/api/broadcast`, {
    method: "POST",
    headers: { authorization: `Bearer ${standIn.serviceKey}`, "content-type": "application/json" },
    body: JSON.stringify({ messages: [message, message, message] }),
  });
  expect(answer.status).toBe(429);
  expect(await answer.json()).toEqual({
    message: "Too many messages to broadcast, please reduce the batch size",
  });
});

test("too many joins close the socket after the reply", async () => {
  standIn = await startStandIn({
    env: {
      TENANT_MAX_JOINS_PER_SECOND: "5",
      RATE_SAMPLE_MS: "500",
      TENANT_MAX_CHANNELS_PER_CLIENT: "100000",
    },
  });
  const client = await connect();
  let answer: unknown;
  for (let n = 0; ; n += 1) {
    answer = await join(client, `realtime:${n}`, String(n));
    if (JSON.stringify(answer).includes("error")) break;
  }
  expect(answer).toMatchObject({
    4: { response: { reason: "ClientJoinRateLimitReached: Too many joins per second" } },
  });
  expect(await client.closed).toBe(1001);
  await expect(connect()).rejects.toThrow("429");
});

test("a silent socket is closed with 1000", async () => {
  standIn = await startStandIn({ env: { IDLE_TIMEOUT_MS: "200" } });
  const client = await connect();
  expect(await client.closed).toBe(1000);
});

test("the sweep cuts a socket that has left all its channels", async () => {
  standIn = await startStandIn({ env: { NO_CHANNEL_TIMEOUT_IN_MS: "100" } });
  const [left, never] = [await connect(), await connect()];
  await join(left, "realtime:a");
  left.send(["1", "2", "realtime:a", "phx_leave", {}]);
  expect(await left.closed).toBe(1006);
  expect(await never.settle()).toHaveLength(0);
});
