import {
  REALTIME_SUBSCRIBE_STATES,
  RealtimeClient,
  type RealtimeChannel,
  type WebSocketLikeConstructor,
} from "@supabase/realtime-js";
import { SignJWT } from "jose";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { startStandIn, type TestStandIn } from "./test-support/start-stand-in.ts";

let standIn: TestStandIn;
const clients: RealtimeClient[] = [];

beforeAll(async () => {
  standIn = await startStandIn();
});
afterAll(async () => {
  for (const client of clients) await client.disconnect();
  await standIn.stop();
});

function clientOf(vsn: string): RealtimeClient {
  const client = new RealtimeClient(standIn.url, {
    params: { apikey: standIn.serviceKey },
    vsn,
    transport: WebSocket as unknown as WebSocketLikeConstructor,
  });
  clients.push(client);
  return client;
}

async function subscribed(channel: RealtimeChannel): Promise<RealtimeChannel> {
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED) resolve();
      else reject(new Error(`${status}: ${String(error)}`));
    });
  });
  return channel;
}

test.each(["1.0.0", "2.0.0"])(
  "realtime-js with vsn %s receives from HTTP and WebSocket",
  async (vsn) => {
    const topic = `sse:session:${vsn}`;
    const config = { private: true };
    const heard: unknown[] = [];
    const receiver = clientOf(vsn).channel(topic, { config });
    receiver.on("broadcast", { event: "*" }, (message) => heard.push(message));
    await subscribed(receiver);

    await fetch(`${standIn.url.replace(/\/socket$/, "")}/api/broadcast`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${standIn.serviceKey}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({
        messages: [{ topic, event: "batch", payload: { n: 1 }, private: true }],
      }),
    });
    for (const senderVsn of ["1.0.0", "2.0.0"]) {
      const sender = await subscribed(
        clientOf(senderVsn).channel(topic, { config: { ...config, broadcast: { ack: true } } }),
      );
      const message = { type: "broadcast", event: senderVsn, payload: { n: 2 } } as const;
      expect(await sender.send(message)).toBe("ok");
      await sender.unsubscribe();
    }
    await vi.waitFor(() => expect(heard).toHaveLength(3));
    expect(heard).toEqual([
      { type: "broadcast", event: "batch", payload: { n: 1 } },
      { type: "broadcast", event: "1.0.0", payload: { n: 2 } },
      { type: "broadcast", event: "2.0.0", payload: { n: 2 } },
    ]);
  },
);

test("only a session's own token opens its channel", async () => {
  const token = await new SignJWT({ role: "sse_page", sse_session: "s1" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("5m")
    .sign(new TextEncoder().encode(standIn.jwtSecret));
  const client = clientOf("2.0.0");
  await client.setAuth(token);
  await subscribed(client.channel("sse:session:s1", { config: { private: true } }));
  await expect(
    subscribed(client.channel("sse:session:s2", { config: { private: true } })),
  ).rejects.toThrow(
    "Unauthorized: You do not have permissions to read from this Channel topic: sse:session:s2",
  );
});
