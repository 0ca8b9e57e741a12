import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectRaw, type RawClient } from "../test-support/raw-client.ts";
import { startStandIn, type TestStandIn } from "../test-support/start-stand-in.ts";

const BACKOFF_MS = 300;
let standIn: TestStandIn;
const clients: RawClient[] = [];

beforeAll(async () => {
  standIn = await startStandIn({
    env: { CHANNEL_ERROR_BACKOFF_MS: String(BACKOFF_MS), MAX_SOCKET_BUFFER_BYTES: "2000000" },
  });
});
afterAll(async () => {
  for (const client of clients) client.ws.terminate();
  await standIn.stop();
});

async function connect(vsn: 1 | 2 = 2, apikey = standIn.serviceKey): Promise<RawClient> {
  const url = `ws://127.0.0.1:${standIn.port}/socket/websocket?apikey=${apikey}&vsn=${vsn}.0.0`;
  const client = await connectRaw(url);
  clients.push(client);
  return client;
}

const joinFrame = (
  topic: string,
  ref: string,
  config: object = {},
  more: object = {},
): unknown[] => [ref, ref, topic, "phx_join", { config, ...more }];
const okReply = (topic: string, ref: string): unknown[] => [
  ref,
  ref,
  topic,
  "phx_reply",
  { status: "ok", response: { postgres_changes: [] } },
];
const broadcast = (n: number) => ({ type: "broadcast", event: "e", payload: { n } });

async function join(
  client: RawClient,
  topic: string,
  ref = "1",
  config: object = {},
): Promise<void> {
  client.send(joinFrame(topic, ref, config));
  expect(await client.next()).toEqual(okReply(topic, ref));
}

const mint = (claims: Record<string, unknown>, expiresInS: number): Promise<string> =>
  new SignJWT({ role: "sse_page", ...claims, exp: Math.floor(Date.now() / 1000) + expiresInS })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(standIn.jwtSecret));

describe("a socket", () => {
  test("answers nothing during the back-off of a refused join, then everything in order", async () => {
    const client = await connect();
    await join(client, "realtime:order");
    const other = await connect();
    await join(other, "realtime:order");
    client.send(joinFrame("realtime:", "2"));
    client.send([null, "3", "phoenix", "heartbeat", {}]);
    const began = performance.now();
    // By the reply to this, the server has read the frames of the first client.
    expect(await other.settle()).toHaveLength(0);
    other.send(["1", "9", "realtime:order", "broadcast", broadcast(1)]);
    expect(await client.next()).toMatchObject([
      "2",
      "2",
      "realtime:",
      "phx_reply",
      { status: "error" },
    ]);
    // Only that there is a back-off: no upper limit.
    expect(performance.now() - began).toBeGreaterThan(BACKOFF_MS / 2);
    const rest = [await client.next(), await client.next()];
    expect(rest).toContainEqual([null, null, "realtime:order", "broadcast", broadcast(1)]);
    expect(rest).toContainEqual([
      null,
      "3",
      "phoenix",
      "phx_reply",
      { status: "ok", response: {} },
    ]);
  });

  test("ignores frames that are not messages", async () => {
    const client = await connect();
    for (const frame of [
      "{",
      "[]",
      "null",
      '{"topic":"t"}',
      Buffer.from([3, 255, 1]),
      Buffer.alloc(0),
    ])
      client.send(frame);
    await join(client, "realtime:deep", "2");
    // Deeper than a recursive encoder supports.
    client.send(
      `["2","3","realtime:deep","broadcast",{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}]`,
    );
    expect(await client.settle()).toHaveLength(0);
  });

  test("is cut when it does not read", async () => {
    const lazy = await connect();
    await join(lazy, "realtime:flood");
    lazy.ws.pause();
    const sender = await connect();
    await join(sender, "realtime:flood");
    const text = "x".repeat(500_000);
    // The buffers of the kernel fill before the limit of 2 MB is reached.
    for (let n = 0; n < 60; n += 1)
      sender.send([
        "1",
        "2",
        "realtime:flood",
        "broadcast",
        { type: "broadcast", event: "e", payload: { text } },
      ]);
    expect(await sender.settle()).toHaveLength(0);
    lazy.ws.resume();
    expect(await lazy.closed).toBe(1006);
  });
});

describe("a channel", () => {
  test("closes before it is joined again, and drops a message of the first join", async () => {
    const client = await connect();
    const topic = "realtime:again";
    await join(client, topic, "1", { broadcast: { self: true } });
    client.send(joinFrame(topic, "2", { broadcast: { self: true } }));
    expect(await client.next()).toEqual(["1", "1", topic, "phx_close", {}]);
    expect(await client.next()).toEqual(okReply(topic, "2"));
    client.send(["1", "3", topic, "broadcast", broadcast(1)]);
    client.send([null, "4", topic, "broadcast", broadcast(2)]);
    expect(await client.settle()).toEqual([[null, null, topic, "broadcast", broadcast(2)]]);
  });

  test("is another channel than a private one of the same name", async () => {
    const [open, closed] = [await connect(), await connect()];
    await join(open, "realtime:both");
    await join(closed, "realtime:both", "1", { private: true, broadcast: { self: true } });
    closed.send(["1", "2", "realtime:both", "broadcast", broadcast(1)]);
    expect(await closed.settle()).toHaveLength(1);
    expect(await open.settle()).toHaveLength(0);
  });

  test("ends when its token expires, unless it gets a newer one", async () => {
    const [topic, renewed] = ["realtime:sse:session:a", "realtime:sse:session:b"];
    const client = await connect(2, await mint({}, 300));
    const config = { private: true };
    client.send(
      joinFrame(topic, "1", config, { access_token: await mint({ sse_session: "a" }, 3) }),
    );
    client.send(
      joinFrame(renewed, "2", config, { access_token: await mint({ sse_session: "b" }, 3) }),
    );
    expect([await client.next(), await client.next()]).toEqual([
      okReply(topic, "1"),
      okReply(renewed, "2"),
    ]);
    const newer = await mint({ sse_session: "b" }, 300);
    client.send(["2", "3", renewed, "access_token", { access_token: newer }]);
    const message = expect.stringMatching(/^Token has expired \d+ seconds ago$/) as unknown;
    expect(await client.next()).toEqual([
      "1",
      null,
      topic,
      "system",
      { extension: "system", status: "error", message, channel: "sse:session:a" },
    ]);
    expect(await client.next()).toEqual(["1", "1", topic, "phx_close", {}]);
    client.send([
      "2",
      "4",
      renewed,
      "access_token",
      { access_token: await mint({ sse_session: "c" }, 300) },
    ]);
    expect(await client.next()).toMatchObject([
      "2",
      null,
      renewed,
      "system",
      { message: "You do not have permissions to read from this Channel topic: sse:session:b" },
    ]);
    expect(await client.next()).toEqual(["2", "2", renewed, "phx_close", {}]);
  });

  test("of a session drops what its reader writes, without a reply even with ack", async () => {
    const topic = "realtime:sse:session:w";
    const reader = await connect(2, await mint({ sse_session: "w" }, 300));
    await join(reader, topic, "1", { private: true, broadcast: { ack: true, self: true } });
    reader.send(["1", "2", topic, "broadcast", broadcast(1)]);
    expect(await reader.settle()).toHaveLength(0);
  });

  test("acknowledges a broadcast, or reports that it is oversize", async () => {
    const client = await connect(1);
    const topic = "realtime:ack";
    const say = (ref: string, event: string, payload: unknown): void =>
      client.send({ topic, event, payload, ref, join_ref: "1" });
    say("1", "phx_join", { config: { broadcast: { ack: true } } });
    const reply = (ref: string, payload: unknown) => ({ topic, event: "phx_reply", payload, ref });
    expect(await client.next()).toEqual(
      reply("1", { status: "ok", response: { postgres_changes: [] } }),
    );
    say("2", "broadcast", broadcast(1));
    say("3", "broadcast", { ...broadcast(1), payload: "x".repeat(3_100_000) });
    expect(await client.settle()).toEqual([
      reply("2", { status: "ok", response: {} }),
      reply("3", { status: "error", response: "payload_size_exceeded" }),
    ]);
  });
});
