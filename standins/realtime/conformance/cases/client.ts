/** The official client: it subscribes, and gets everything that was published. */
import type { RealtimeChannel } from "@supabase/realtime-js";
import { type ConformanceCase, vsnName } from "../conformance-case.ts";
import { encodePush, type Vsn, VSNS } from "../frames.ts";
import { Mismatch, show } from "../mismatch.ts";
import { officialClient, Statuses } from "../official-client.ts";
import { runSteps } from "../run-steps.ts";
import type { World } from "../world.ts";
import { publishUntilLimited } from "./limits.ts";

/** Broadcasts of one case. */
const N = 25;
const EVENT = "tick";

/** Collects what a channel delivers until all of N came, and compares it whole. */
class Collector {
  readonly #seen: unknown[] = [];
  readonly #all: Promise<void>;
  #done: () => void = () => undefined;

  constructor(channel: RealtimeChannel) {
    this.#all = new Promise((resolve) => (this.#done = resolve));
    channel.on("broadcast", { event: EVENT }, (message: { payload?: unknown }) => {
      const { payload } = message;
      this.#seen.push(
        payload instanceof ArrayBuffer || ArrayBuffer.isView(payload)
          ? Buffer.from(payload as ArrayBuffer).toString()
          : payload,
      );
      if (this.#seen.length === N) this.#done();
    });
  }

  async expect(wanted: readonly unknown[], timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.#all, new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs)))]);
    clearTimeout(timer);
    if (JSON.stringify(this.#seen) !== JSON.stringify(wanted))
      throw new Mismatch(show(wanted), show(this.#seen));
  }
}

const numbers = Array.from({ length: N }, (_, n) => n);
const json = numbers.map((n) => ({ n, text: "ü" }));
const raw = numbers.map((n) => `raw ${n}`);

type Way = "http-batch" | "http-single" | "ws-text" | "ws-binary" | "ws-raw";

/** Publishes all of it, in order, from another client. */
async function publish(world: World, way: Way): Promise<void> {
  if (way === "http-batch" || way === "http-single") {
    for (const payload of json) {
      const messages = [{ topic: world.topic, event: EVENT, payload }];
      await runSteps(
        [
          way === "http-batch"
            ? { http: "POST", path: "/api/broadcast", json: { messages }, status: 202 }
            : { http: "POST", path: `/api/broadcast/<topic>/events/${EVENT}`, json: payload, status: 202 },
        ],
        world,
      );
    }
    return;
  }
  const sender = await world.open("sender", "2.0.0");
  await runSteps([{ join: "sender" }], world);
  const topic = `realtime:${world.topic}`;
  for (const n of numbers) {
    const ref = String(n + 2);
    if (way === "ws-text")
      sender.send(
        JSON.stringify(["1", ref, topic, "broadcast", { type: "broadcast", event: EVENT, payload: json[n] }]),
      );
    else
      sender.send(
        encodePush({
          joinRef: "1",
          ref,
          topic,
          event: EVENT,
          encoding: way === "ws-raw" ? "raw" : "json",
          payload: way === "ws-raw" ? (raw[n] ?? "") : JSON.stringify(json[n]),
        }),
      );
  }
}

const receivesAll = (vsn: Vsn, way: Way): ConformanceCase => ({
  id: `client-${way}-${vsnName(vsn)}`,
  section: "§1.7",
  title: `realtime-js, version ${vsn}: SUBSCRIBED, and every one of ${N} broadcasts in order, published by ${way}`,
  run: async (world) => {
    const channel = officialClient(world, vsn, "service").channel(world.topic);
    const collector = new Collector(channel);
    await new Statuses().subscribe(channel).expect("SUBSCRIBED", world.timeoutMs);
    await publish(world, way);
    await collector.expect(way === "ws-raw" ? raw : json, world.timeoutMs);
  },
});

const betweenClients = (vsn: Vsn): ConformanceCase => ({
  id: `client-to-client-${vsnName(vsn)}`,
  section: "§1.7",
  title: `realtime-js, version ${vsn}: one client's send() reaches another, and is acknowledged`,
  run: async (world) => {
    const [from, to] = [0, 1].map(() =>
      officialClient(world, vsn, "service").channel(world.topic, { config: { broadcast: { ack: true } } }),
    ) as [RealtimeChannel, RealtimeChannel];
    const collector = new Collector(to);
    for (const channel of [from, to])
      await new Statuses().subscribe(channel).expect("SUBSCRIBED", world.timeoutMs);
    for (const payload of json) {
      const answer = await from.send({ type: "broadcast", event: EVENT, payload });
      if (answer !== "ok") throw new Mismatch('"ok"', show(answer));
    }
    await collector.expect(json, world.timeoutMs);
  },
});

const privateChannel = (vsn: Vsn): ConformanceCase => ({
  id: `client-private-${vsnName(vsn)}`,
  section: "§1.7",
  title: `realtime-js, version ${vsn}: setAuth opens the session's private channel`,
  needs: ["private"],
  run: async (world) => {
    const client = officialClient(world, vsn, "anon");
    await client.setAuth(world.token("session"));
    const channel = client.channel(world.privateTopic, { config: { private: true } });
    const collector = new Collector(channel);
    await new Statuses().subscribe(channel).expect("SUBSCRIBED", world.timeoutMs);
    const messages = json.map((payload) => ({
      topic: world.privateTopic,
      event: EVENT,
      payload,
      private: true,
    }));
    await runSteps([{ http: "POST", path: "/api/broadcast", json: { messages }, status: 202 }], world);
    await collector.expect(json, world.timeoutMs);
  },
});

export const clientCases: readonly ConformanceCase[] = [
  ...VSNS.flatMap((vsn) => [
    ...(["http-batch", "http-single", "ws-text", "ws-binary"] as const).map((way) => receivesAll(vsn, way)),
    betweenClients(vsn),
    privateChannel(vsn),
  ]),
  receivesAll("2.0.0", "ws-raw"),
  {
    id: "client-http-send",
    section: "§1.7",
    title: "realtime-js: httpSend() of a channel that nobody joined reaches a subscriber",
    run: async (world) => {
      const channel = officialClient(world, "2.0.0", "service").channel(world.topic);
      const collector = new Collector(channel);
      await new Statuses().subscribe(channel).expect("SUBSCRIBED", world.timeoutMs);
      const sender = officialClient(world, "2.0.0", "service").channel(world.topic);
      for (const payload of json) await sender.httpSend(EVENT, payload);
      await collector.expect(json, world.timeoutMs);
    },
  },
  {
    id: "client-denied",
    section: "§1.7",
    title: "realtime-js: someone else's channel is CHANNEL_ERROR with the server's words",
    needs: ["private"],
    run: async (world) => {
      const client = officialClient(world, "2.0.0", "anon");
      await client.setAuth(world.token("other-session"));
      const channel = client.channel(world.privateTopic, { config: { private: true } });
      const reason = `Unauthorized: You do not have permissions to read from this Channel topic: ${world.privateTopic}`;
      await new Statuses().subscribe(channel).expect("CHANNEL_ERROR", world.timeoutMs, reason);
    },
  },
  {
    id: "client-too-many-messages",
    section: "§1.7",
    title: "realtime-js: too many messages per second are CLOSED, and the client does not join again",
    tenant: { max_events_per_second: 5 },
    run: async (world) => {
      const client = officialClient(world, "2.0.0", "service");
      const channel = client.channel(world.topic);
      const said: unknown[] = [];
      channel.on("system", {}, (payload) => said.push(payload));
      const statuses = new Statuses().subscribe(channel);
      await statuses.expect("SUBSCRIBED", world.timeoutMs);
      await publishUntilLimited(world, world.topic, () => Promise.resolve(statuses.next !== undefined));
      await statuses.expect("CLOSED", world.timeoutMs);
      const system = {
        extension: "system",
        status: "error",
        message: "Too many messages per second",
        channel: world.topic,
      };
      if (!said.some((one) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(system))))
        throw new Mismatch(show(system), show(said));
      // A client only joins those channels again that it has.
      if (client.getChannels().length > 0 || !client.isConnected())
        throw new Mismatch(
          "no channel left, and an open socket",
          show({ channels: client.getChannels().length }),
        );
    },
  },
];

const sorted = (value: unknown): unknown =>
  Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1));
