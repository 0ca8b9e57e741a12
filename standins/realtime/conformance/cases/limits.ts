/** Limits of a tenant, and how a client hears of them. Each case has a tenant of its own. */
import type { ConformanceCase, Step } from "../conformance-case.ts";
import { Connection } from "../connection.ts";
import { Mismatch, show } from "../mismatch.ts";
import { containing, matches, oneOf, type Pattern, showPattern } from "../pattern.ts";
import { runSteps } from "../run-steps.ts";
import type { World } from "../world.ts";

const T = "realtime:<topic>";
const OK = { status: "ok", response: {} };
const DENIED = (reason: string): Pattern => ({ status: "error", response: { reason } });

/** The rate is a mean over up to 60 s, looked at every 5 s. */
const TRIPS_WITHIN_MS = 75_000;
const PACE_MS = 100;

/** The most events and joins per second of the tenants here: one burst is far above their mean over 60 s. */
const PER_SECOND = 5;
const BURST = 60 * PER_SECOND * 2;

/** Publishes above the limit until the server says so on the named subscriber's channel. */
export async function publishUntilLimited(
  world: World,
  topic: string,
  done: () => Promise<boolean>,
): Promise<void> {
  const publisher = await world.open("publisher", "1.0.0");
  await runSteps([{ join: "publisher", topic }], world);
  const text = JSON.stringify({
    topic: `realtime:${topic}`,
    event: "broadcast",
    payload: { type: "broadcast", event: "tick", payload: {} },
    ref: "2",
    join_ref: "1",
  });
  for (let sent = 0; sent < BURST; sent += 1) publisher.send(text);
  const until = performance.now() + TRIPS_WITHIN_MS;
  while (!(await done())) {
    if (performance.now() > until)
      throw new Mismatch(
        "the limit is said",
        `not within ${TRIPS_WITHIN_MS / 1000} s of publishing above it`,
      );
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    publisher.send(text);
  }
}

async function eventsPerSecond(world: World): Promise<void> {
  const a = await world.open("a", "2.0.0");
  await runSteps([{ join: "a" }], world);
  const topic = `realtime:${world.topic}`;
  const limited: Pattern = [
    "1",
    null,
    topic,
    "system",
    { extension: "system", status: "error", message: "Too many messages per second", channel: world.topic },
  ];
  await publishUntilLimited(world, world.topic, async () => {
    for (;;) {
      const arrived = await a.next("the next message", 0).catch(() => undefined);
      if (!arrived) return false;
      const text = "frame" in arrived && "text" in arrived.frame ? arrived.frame.text : undefined;
      if (matches(limited, text)) return true;
      if (!Array.isArray(text) || text[3] !== "broadcast")
        throw new Mismatch(showPattern(limited), show(text ?? arrived));
    }
  });
  await world.expectText("a", ["1", "1", topic, "phx_close", {}]);
  await runSteps([{ quiet: "a" }], world);
  const publish = { method: "POST", path: "/api/broadcast" } as const;
  const answer = await world.ask({
    ...publish,
    headers: { authorization: `Bearer ${world.token("service")}`, "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ topic: world.topic, event: "e", payload: {} }] }),
  });
  const message = oneOf("Too many requests", "You have exceeded your rate limit");
  if (answer.status !== 429 || !matches({ message }, answer.body))
    throw new Mismatch(`429 ${showPattern({ message })}`, `${answer.status} ${show(answer.body)}`);
}

async function joinsPerSecond(world: World): Promise<void> {
  const limited = DENIED("ClientJoinRateLimitReached: Too many joins per second");
  const until = performance.now() + TRIPS_WITHIN_MS;
  const a = await world.open("a", "2.0.0");
  for (let ref = 1; ; ref += 1) {
    const topic = `realtime:${world.topic}-${ref}`;
    const config = { broadcast: {}, presence: { enabled: false }, private: false };
    const name = String(ref);
    a.send(JSON.stringify([name, name, topic, "phx_join", { config }]));
    const reply: Pattern = [name, name, topic, "phx_reply", containing({ status: oneOf("ok", "error") })];
    const text = await world.expectText("a", reply);
    if (matches([name, name, topic, "phx_reply", limited], text)) break;
    if (!matches([name, name, topic, "phx_reply", containing({ status: "ok" })], text))
      throw new Mismatch(showPattern(limited), show(text));
    if (performance.now() > until) throw new Mismatch("the limit is said", `${ref} joins without a word`);
    if (ref > BURST) await new Promise((resolve) => setTimeout(resolve, PACE_MS));
  }
  await runSteps([{ closed: "a", code: 1001 }], world);
  const query = { apikey: world.apikey(world.token("service")), vsn: "2.0.0" };
  const opened = await Connection.open(world.address, { query }, "2.0.0", world.timeoutMs);
  if (opened instanceof Connection) {
    await opened.end();
    throw new Mismatch("a refused handshake with 429", "101 and an open socket");
  }
  const refusal: Pattern = world.oldHandshake
    ? { status: 403, body: "" }
    : { status: 429, body: { error: "Too many joins per second" } };
  if (!matches(refusal, opened)) throw new Mismatch(showPattern(refusal), show(opened));
}

const oversized: Step[] = [
  { open: "a" },
  { open: "b" },
  { join: "a", broadcast: { ack: true } },
  { join: "b" },
  {
    send: "a",
    message: [
      "1",
      "2",
      T,
      "broadcast",
      { type: "broadcast", event: "large", payload: { text: "x".repeat(4000) } },
    ],
  },
  {
    receive: "a",
    message: [
      "1",
      "2",
      T,
      "phx_reply",
      { status: "error", response: oneOf("payload_size_exceeded", { error: "payload_size_exceeded" }) },
    ],
  },
  {
    send: "a",
    message: [
      "1",
      "3",
      T,
      "broadcast",
      { type: "broadcast", event: "small", payload: { text: "x".repeat(400) } },
    ],
  },
  { receive: "a", message: ["1", "3", T, "phx_reply", OK] },
  {
    receive: "b",
    message: [
      null,
      null,
      T,
      "broadcast",
      { type: "broadcast", event: "small", payload: { text: "x".repeat(400) } },
    ],
  },
];

export const limitCases: readonly ConformanceCase[] = [
  {
    id: "limit-users",
    section: "§6",
    title: "one user too many is refused at the handshake, and at the join where the socket was open already",
    tenant: { max_concurrent_users: 1 },
    run: [
      { open: "early" },
      { open: "a" },
      { join: "a" },
      { join: "early", denied: "ConnectionRateLimitReached: Too many connected users" },
      { quiet: "early" },
      { refused: { apikey: "<token:service>" }, status: 429, body: { error: "Too many connected users" } },
      // Further channels of a socket that counts already are none too many.
      { join: "a", topic: "<topic>-2", ref: "2" },
    ],
  },
  {
    id: "limit-channels",
    section: "§6",
    title: "one channel too many is refused, and the socket stays",
    tenant: { max_channels_per_client: 2 },
    run: [
      { open: "a" },
      { join: "a", topic: "<topic>-1", ref: "1" },
      { join: "a", topic: "<topic>-2", ref: "2" },
      { join: "a", topic: "<topic>-3", ref: "3", denied: "ChannelRateLimitReached: Too many channels" },
      { quiet: "a" },
      { open: "b" },
      { join: "b", topic: "<topic>-3" },
    ],
  },
  {
    id: "limit-payload-ws",
    section: "§6",
    title: "a tenant's own payload limit holds on the WebSocket",
    settles: true,
    tenant: { max_payload_size_in_kb: 1 },
    run: oversized,
  },
  {
    id: "limit-payload-http",
    section: "§6",
    title: "a tenant's own payload limit holds for both HTTP ways",
    tenant: { max_payload_size_in_kb: 1 },
    run: [
      {
        http: "POST",
        path: "/api/broadcast",
        json: { messages: [{ topic: "<topic>", event: "large", payload: { text: "x".repeat(4000) } }] },
        status: 422,
        answers: { errors: { messages: [{ payload: ["Payload size exceeds tenant limit"] }] } },
      },
      {
        http: "POST",
        path: "/api/broadcast/<topic>/events/large",
        json: { text: "x".repeat(4000) },
        status: 422,
      },
      {
        http: "POST",
        path: "/api/broadcast/<topic>/events/small",
        json: { text: "x".repeat(400) },
        status: 202,
      },
    ],
  },
  {
    id: "limit-batch",
    section: "§2",
    title: "a batch above the events per second is refused with 429",
    tenant: { max_events_per_second: PER_SECOND },
    run: [
      {
        http: "POST",
        path: "/api/broadcast",
        json: {
          messages: Array.from({ length: PER_SECOND + 1 }, () => ({
            topic: "<topic>",
            event: "e",
            payload: {},
          })),
        },
        status: 429,
        answers: { message: "Too many messages to broadcast, please reduce the batch size" },
        headersMatch: { "x-rate-limit": String(PER_SECOND) },
      },
      {
        http: "POST",
        path: "/api/broadcast",
        json: { messages: [{ topic: "<topic>", event: "e", payload: {} }] },
        status: 202,
      },
    ],
  },
  {
    id: "limit-events",
    section: "§6",
    title: "too many messages per second end the channel with a reason, not the socket, and HTTP answers 429",
    tenant: { max_events_per_second: PER_SECOND },
    run: eventsPerSecond,
  },
  {
    id: "limit-joins",
    section: "§6",
    title:
      "too many joins per second are refused with a reason, the socket closes with 1001, and handshakes get 429",
    tenant: { max_joins_per_second: PER_SECOND, max_channels_per_client: 10_000 },
    settles: true,
    run: joinsPerSecond,
  },
];
