/** The limits of a tenant, and how a client learns of them. Each case has its own tenant. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConformanceCase } from "../conformance-case.ts";
import {
  containing,
  matches,
  Mismatch,
  oneOf,
  type Pattern,
  show,
  showPattern,
} from "../pattern.ts";
import { runSteps } from "../run-steps.ts";
import type { TestContext } from "../test-context.ts";
import { batch, broadcast, denied, hears, OK, reply, say, T } from "./messages.ts";

/** The rate is a mean over up to 60 s, sampled every 5 s. */
const TRIPS_WITHIN_MS = 75_000;
const PACE_MS = 100;

/** Limit of the tenants here. One burst is far above it, as a mean over 60 s. */
const PER_SECOND = 5;
const BURST = 60 * PER_SECOND * 2;

const LARGE = { text: "x".repeat(4000) };
const SMALL = { text: "x".repeat(400) };

/** Publishes above the limit until `done`. */
export async function publishUntilLimited(
  context: TestContext,
  done: () => Promise<boolean>,
): Promise<void> {
  await context.open("publisher");
  await runSteps([{ join: "publisher" }], context);
  const publish = say("publisher", "2", broadcast("tick"));
  await runSteps(
    Array.from({ length: BURST }, () => publish),
    context,
  );
  const until = performance.now() + TRIPS_WITHIN_MS;
  while (!(await done())) {
    if (performance.now() > until)
      throw new Mismatch(
        "the server reports the limit",
        `no report within ${TRIPS_WITHIN_MS / 1000} s of publishing above the limit`,
      );
    await sleep(PACE_MS);
    await runSteps([publish], context);
  }
}

async function eventsPerSecond(context: TestContext): Promise<void> {
  const a = await context.open("a");
  await runSteps([{ join: "a" }], context);
  const limited: Pattern = [
    "1",
    null,
    `realtime:${context.topic}`,
    "system",
    {
      extension: "system",
      status: "error",
      message: "Too many messages per second",
      channel: context.topic,
    },
  ];
  await publishUntilLimited(context, async () => {
    for (;;) {
      const arrived = await a.next("the next message", 0).catch(() => undefined);
      if (!arrived) return false;
      const text = "frame" in arrived && "text" in arrived.frame ? arrived.frame.text : undefined;
      if (matches(limited, text)) return true;
      if (!Array.isArray(text) || text[3] !== "broadcast")
        throw new Mismatch(showPattern(limited), show(text ?? arrived));
    }
  });
  const message = oneOf("Too many requests", "You have exceeded your rate limit");
  await runSteps(
    [
      { receive: "a", message: ["1", "1", T, "phx_close", {}] },
      { quiet: "a" },
      { ...batch({ event: "e", payload: {} }), status: 429, answers: { message } },
    ],
    context,
  );
}

async function joinsPerSecond(context: TestContext): Promise<void> {
  const limited = denied("ClientJoinRateLimitReached: Too many joins per second");
  const until = performance.now() + TRIPS_WITHIN_MS;
  const a = await context.open("a");
  for (let joins = 1; ; joins += 1) {
    const ref = String(joins);
    const topic = `realtime:${context.topic}-${ref}`;
    const config = { broadcast: {}, presence: { enabled: false }, private: false };
    a.send(JSON.stringify([ref, ref, topic, "phx_join", { config }]));
    const answer = oneOf(containing({ status: "ok" }), limited);
    const text = await context.expectText("a", [ref, ref, topic, "phx_reply", answer]);
    if (matches([ref, ref, topic, "phx_reply", limited], text)) break;
    if (performance.now() > until)
      throw new Mismatch("the server reports the limit", `${ref} joins without a refusal`);
    if (joins > BURST) await sleep(PACE_MS);
  }
  await runSteps(
    [
      { closed: "a", code: 1001 },
      {
        refused: { apikey: "<token:service>" },
        status: 429,
        body: { error: "Too many joins per second" },
      },
    ],
    context,
  );
}

export const limitCases: readonly ConformanceCase[] = [
  {
    id: "limit-users",
    section: "§6",
    title: "one user too many is refused at the handshake, or at the join of an open socket",
    tenant: { max_concurrent_users: 1 },
    run: [
      { open: "early" },
      { open: "a" },
      { join: "a" },
      { join: "early", denied: "ConnectionRateLimitReached: Too many connected users" },
      { quiet: "early" },
      {
        refused: { apikey: "<token:service>" },
        status: 429,
        body: { error: "Too many connected users" },
      },
      // A socket that already counts may join more channels.
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
      {
        join: "a",
        topic: "<topic>-3",
        ref: "3",
        denied: "ChannelRateLimitReached: Too many channels",
      },
      { quiet: "a" },
      { open: "b" },
      { join: "b", topic: "<topic>-3" },
    ],
  },
  {
    id: "limit-payload-ws",
    section: "§6",
    title: "the payload limit of a tenant applies to the WebSocket",
    settles: true,
    tenant: { max_payload_size_in_kb: 1 },
    run: [
      { open: "a" },
      { open: "b" },
      { join: "a", broadcast: { ack: true } },
      { join: "b" },
      say("a", "2", broadcast("large", LARGE)),
      {
        receive: "a",
        message: reply("2", {
          status: "error",
          response: oneOf("payload_size_exceeded", { error: "payload_size_exceeded" }),
        }),
      },
      say("a", "3", broadcast("small", SMALL)),
      { receive: "a", message: reply("3", OK) },
      hears("b", broadcast("small", SMALL)),
    ],
  },
  {
    id: "limit-payload-http",
    section: "§6",
    title: "the payload limit of a tenant applies to HTTP",
    tenant: { max_payload_size_in_kb: 1 },
    run: [
      {
        ...batch({ event: "large", payload: LARGE }),
        status: 422,
        answers: { errors: { messages: [{ payload: ["Payload size exceeds tenant limit"] }] } },
      },
      batch({ event: "small", payload: SMALL }),
    ],
  },
  {
    id: "limit-batch",
    section: "§2",
    title: "a batch above the events per second is refused with 429",
    tenant: { max_events_per_second: PER_SECOND },
    run: [
      {
        ...batch(...Array.from({ length: PER_SECOND + 1 }, () => ({ event: "e", payload: {} }))),
        status: 429,
        answers: { message: "Too many messages to broadcast, please reduce the batch size" },
        headersMatch: { "x-rate-limit": String(PER_SECOND) },
      },
      batch({ event: "e", payload: {} }),
    ],
  },
  {
    id: "limit-events",
    section: "§6",
    title: "too many messages per second end the channel, not the socket, and HTTP answers 429",
    tenant: { max_events_per_second: PER_SECOND },
    run: eventsPerSecond,
  },
  {
    id: "limit-joins",
    section: "§6",
    title: "too many joins per second are refused, close the socket with 1001, and give 429",
    tenant: { max_joins_per_second: PER_SECOND, max_channels_per_client: 10_000 },
    settles: true,
    run: joinsPerSecond,
  },
];
