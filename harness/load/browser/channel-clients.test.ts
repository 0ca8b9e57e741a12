import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RealtimeAccess } from "../../../server/src/contract/events.ts";
import type { OpenChannel } from "../portable/realtime/channel.ts";
import { openPhoenixChannel } from "../portable/realtime/phoenix-channel.ts";
import { openOfficialChannel } from "../test-support/realtime/official-client.ts";
import { reply, ScriptedRealtime } from "../test-support/realtime/scripted-realtime.ts";
import { listen, type ChannelLog } from "../test-support/realtime/channel-log.ts";
import { openWsWire } from "../native/transport/ws-wire.ts";

const TOPIC = "realtime:sse:session:s";
const PATIENCE = { timeout: 15_000, interval: 10 };

let server: ScriptedRealtime;
let access: RealtimeAccess;
const logs: ChannelLog[] = [];
beforeEach(async () => {
  server = await ScriptedRealtime.start();
  access = {
    url: `ws://127.0.0.1:${server.port}/socket`,
    apikey: "key",
    topic: "sse:session:s",
    catchUp: false,
    token: "token-1",
    expiresInS: 60,
    expiresAt: Date.now() + 60_000,
  };
});
afterEach(async () => {
  for (const one of logs.splice(0)) one.channel.close();
  await server.stop();
});

/** The same expectations for both: ours is to do what the official one does. */
const CLIENTS: [string, (times: { heartbeatMs?: number; joinMs?: number }) => OpenChannel][] = [
  ["ours", (times) => openPhoenixChannel(openWsWire(), times)],
  [
    "realtime-js",
    ({ heartbeatMs, joinMs }) =>
      openOfficialChannel({
        ...(heartbeatMs && { heartbeatIntervalMs: heartbeatMs }),
        ...(joinMs && { timeout: joinMs }),
      }),
  ],
];

describe.each(CLIENTS)("%s", (_, openOf) => {
  const open = (times: { heartbeatMs?: number; joinMs?: number } = {}): ChannelLog => {
    const one = listen(openOf(times), access);
    logs.push(one);
    return one;
  };
  const subscribed = async (one: ChannelLog, times = 1): Promise<void> =>
    vi.waitFor(() => expect(one.count("subscribed")).toBe(times), PATIENCE);
  /** The current join's reference. */
  const joinRef = (): string => server.events("phx_join").at(-1)?.joinRef ?? "";

  test("joins the private channel with its token, and asks for nothing else", async () => {
    await subscribed(open());
    expect(server.events("phx_join").map((one) => one.payload)).toEqual([
      expect.objectContaining({
        config: {
          broadcast: { ack: false, self: false },
          presence: { key: "", enabled: false },
          postgres_changes: [],
          private: true,
        },
        access_token: "token-1",
      }),
    ]);
  });

  test("hands on what is for its topic and its join", async () => {
    const one = open();
    await subscribed(one);
    const message = { type: "broadcast", event: "x", payload: { n: 1 } };
    server.push([null, null, "realtime:other", "broadcast", message]);
    server.push(["stale", null, TOPIC, "broadcast", message]);
    server.push(["stale", "stale", TOPIC, "phx_close", {}]);
    server.push([null, null, TOPIC, "unknown", {}]);
    server.push([null, null, TOPIC, "broadcast", { ...message, payload: { n: 2 } }]);
    await vi.waitFor(() => expect(one.broadcasts()).toHaveLength(1), PATIENCE);
    expect(one.log).toEqual(["subscribed", ["broadcast", { ...message, payload: { n: 2 } }]]);
  });

  test("tries a refused join again on the same socket, after one second and then after two", async () => {
    server.onMessage = (message, ws, count) => {
      if (message[3] !== "phx_join" || count > 2) return false;
      reply(ws, message, "error", {
        reason: "ClientJoinRateLimitReached: Too many joins per second",
      });
      return true;
    };
    const one = open();
    await subscribed(one);
    const reason = "ClientJoinRateLimitReached: Too many joins per second";
    expect(one.downs()).toEqual(Array(2).fill({ reason, status: 0, ended: false }));
    expect(server.sockets).toBe(1);
    const [first, second, third] = server.events("phx_join").map(({ atMs }) => atMs) as [
      number,
      number,
      number,
    ];
    // Timers of Node may fire a millisecond early.
    expect(second - first).toBeGreaterThan(990);
    expect(third - second).toBeGreaterThan(1_990);
  });

  test("joins again after phx_error", async () => {
    const one = open();
    await subscribed(one);
    server.push([joinRef(), joinRef(), TOPIC, "phx_error", {}]);
    await subscribed(one, 2);
    expect(one.downs()).toMatchObject([{ status: 0, ended: false }]);
    expect(server.sockets).toBe(1);
  });

  test("stays out after phx_close, until it is told to come back with another token", async () => {
    const one = open();
    await subscribed(one);
    const system = {
      extension: "system",
      status: "error",
      message: "Token has expired 1 seconds ago",
    };
    server.push([joinRef(), null, TOPIC, "system", system]);
    server.push([joinRef(), joinRef(), TOPIC, "phx_close", {}]);
    await vi.waitFor(() => expect(one.count("closed")).toBe(1), PATIENCE);
    expect(one.log).toEqual(["subscribed", ["system", system], "closed"]);
    one.channel.setToken("token-2");
    one.channel.reopen();
    await subscribed(one, 2);
    const tokens = server
      .events("phx_join")
      .map(({ payload }) => (payload as { access_token: string }).access_token);
    expect(tokens).toEqual(["token-1", "token-2"]);
    expect(server.sockets).toBe(1);
  });

  test.each<[string, () => void, object]>([
    ["is cut", () => server.open[0]?.terminate(), { ended: false, reason: "socket closed: 1006" }],
    [
      "is closed by the server",
      () => server.open[0]?.close(1001, "bye"),
      { ended: true, reason: "socket closed: 1001 (bye)" },
    ],
  ])("comes back when its socket %s", async (_name, cut, down) => {
    const one = open();
    await subscribed(one);
    cut();
    await subscribed(one, 2);
    expect(one.downs()).toMatchObject([down]);
    expect(server.sockets).toBe(2);
  });

  test("sends a new token on the joined channel, and joins with it later", async () => {
    const one = open();
    await subscribed(one);
    one.channel.setToken("token-2");
    await vi.waitFor(() => expect(server.events("access_token")).toHaveLength(1), PATIENCE);
    expect(server.events("access_token")[0]).toMatchObject({
      payload: { access_token: "token-2" },
      joinRef: joinRef(),
    });
    server.open[0]?.terminate();
    await subscribed(one, 2);
    expect(server.events("phx_join")[1]?.payload).toMatchObject({ access_token: "token-2" });
  });

  test("where its token is its key, comes back with the new one", async () => {
    access.apikey = access.token;
    const keys: (string | null)[] = [];
    const one = open();
    await subscribed(one);
    one.channel.setToken("token-2");
    server.onHandshake = (url) => keys.push(new URL(url, "http://x").searchParams.get("apikey"));
    server.open[0]?.terminate();
    await subscribed(one, 2);
    expect(keys).toEqual(["token-2"]);
  });

  test("says why its handshake was refused, and tries again", async () => {
    server.refuse = (count) =>
      count === 1 ? { status: 429, body: '{"error":"Too many connected users"}' } : undefined;
    const one = open();
    await subscribed(one);
    expect(one.downs()).toMatchObject([{ status: 429, ended: false }]);
  });

  test("ends a connection whose heartbeat is not answered, and comes back", async () => {
    server.onMessage = ([, , topic], _ws, count) => topic === "phoenix" && count === 2;
    const one = open({ heartbeatMs: 150 });
    await subscribed(one, 2);
    expect(one.downs()).toMatchObject([{ reason: "heartbeat timeout" }]);
    expect(server.sockets).toBe(2);
  });

  test("gives up a join that is not answered, and joins again", async () => {
    server.onMessage = ([, , , event], _ws, count) => event === "phx_join" && count === 1;
    const one = open({ joinMs: 300 });
    await subscribed(one);
    expect(one.downs()).toMatchObject([{ status: 0, ended: false }]);
    expect(server.seen.map((seen) => seen.event)).toEqual(["phx_join", "phx_leave", "phx_join"]);
  });

  test("leaves and closes, and tells nothing from then on", async () => {
    const one = open();
    await subscribed(one);
    one.channel.close();
    await vi.waitFor(() => expect(server.events("phx_leave")).toHaveLength(1), PATIENCE);
    await vi.waitFor(() => expect(server.open).toHaveLength(0), PATIENCE);
    expect(one.log).toEqual(["subscribed"]);
  });
});

describe("ours alone", () => {
  const open = (changes: Partial<RealtimeAccess> = {}): ChannelLog => {
    const one = listen(openPhoenixChannel(openWsWire()), { ...access, ...changes });
    logs.push(one);
    return one;
  };

  test("ignores frames that make no sense", async () => {
    server.onMessage = (_message, ws) => {
      for (const frame of [
        "",
        "{",
        "[]",
        "null",
        "7",
        '{"topic":"x"}',
        '["a","b","c"]',
        Buffer.from([4, 255]),
        Buffer.of(),
      ])
        ws.send(frame);
      return false;
    };
    const one = open();
    await vi.waitFor(() => expect(one.count("subscribed")).toBe(1), PATIENCE);
    expect(one.log).toEqual(["subscribed"]);
  });

  test("tells the text of a refused handshake", async () => {
    server.refuse = (count) =>
      count === 1
        ? { status: 401, body: '{"error":"Token has expired"}' }
        : { status: 503, body: "no JSON" };
    const one = open();
    await vi.waitFor(() => expect(one.downs()).toHaveLength(2), PATIENCE);
    expect(one.downs()).toEqual([
      { reason: "status 401: Token has expired", status: 401, ended: false },
      { reason: "status 503: no JSON", status: 503, ended: false },
    ]);
  });

  test("tells every failed attempt of a server that is not there", async () => {
    const one = open({ url: "ws://127.0.0.1:1/socket" });
    await vi.waitFor(() => expect(one.downs()).toHaveLength(2), PATIENCE);
    expect(one.downs()).toEqual(Array(2).fill({ reason: "ECONNREFUSED", status: 0, ended: false }));
  });

  test("reaches a name under localhost at the loopback address, by its own name", async () => {
    const hosts: (string | undefined)[] = [];
    server.onHandshake = (_url, host) => hosts.push(host);
    const one = open({ url: `http://realtime.localhost:${server.port}/socket/` });
    await vi.waitFor(() => expect(one.count("subscribed")).toBe(1), PATIENCE);
    expect(hosts).toEqual([`realtime.localhost:${server.port}`]);
  });
});
