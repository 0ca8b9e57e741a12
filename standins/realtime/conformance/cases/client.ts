/** The official client: it subscribes, and receives everything that is published. */
import type { RealtimeChannel } from "@supabase/realtime-js";
import { type ConformanceCase, vsnName } from "../conformance-case.ts";
import { VSNS } from "../frames.ts";
import { Mismatch, show } from "../pattern.ts";
import { runSteps } from "../run-steps.ts";
import type { TestContext } from "../test-context.ts";
import { publishUntilLimited } from "./limits.ts";
import { batch, push } from "./messages.ts";
import { Collector, officialClient, Statuses } from "./official-client.ts";

/** Broadcasts of one case. */
const N = 25;
const EVENT = "tick";
const payloads = Array.from({ length: N }, (_, n) => ({ n, text: "ü" }));

const subscribe = (channel: RealtimeChannel, { timeoutMs }: TestContext): Promise<void> =>
  new Statuses().subscribe(channel).expect("SUBSCRIBED", timeoutMs);

const clientCase = (
  id: string,
  title: string,
  run: (context: TestContext) => Promise<void>,
  rest: Partial<ConformanceCase> = {},
): ConformanceCase => ({
  id: `client-${id}`,
  section: "§1.7",
  title: `realtime-js${title}`,
  run,
  ...rest,
});

export const clientCases: readonly ConformanceCase[] = [
  ...VSNS.map((vsn) =>
    clientCase(
      `http-batch-${vsnName(vsn)}`,
      `, version ${vsn}: receives each of ${N} broadcasts over HTTP, in order`,
      async (context) => {
        const channel = officialClient(context, vsn, "service").channel(context.topic);
        const collector = new Collector(channel, EVENT, N);
        await subscribe(channel, context);
        await runSteps(
          payloads.map((payload) => batch({ event: EVENT, payload })),
          context,
        );
        await collector.expect(payloads, context.timeoutMs);
      },
    ),
  ),
  clientCase(
    "ws-binary-v2",
    `: receives each of ${N} binary broadcasts, in order`,
    async (context) => {
      const channel = officialClient(context, "2.0.0", "service").channel(context.topic);
      const collector = new Collector(channel, EVENT, N);
      await subscribe(channel, context);
      const topic = `realtime:${context.topic}`;
      await runSteps(
        [
          { open: "sender" },
          { join: "sender" },
          ...payloads.map((payload) => ({ send: "sender", push: push(topic, EVENT, payload) })),
        ],
        context,
      );
      await collector.expect(payloads, context.timeoutMs);
    },
  ),
  clientCase(
    "to-client-v2",
    ": a broadcast of one client reaches another, and is acknowledged",
    async (context) => {
      const [from, to] = [0, 1].map(() =>
        officialClient(context, "2.0.0", "service").channel(context.topic, {
          config: { broadcast: { ack: true } },
        }),
      ) as [RealtimeChannel, RealtimeChannel];
      const collector = new Collector(to, EVENT, N);
      for (const channel of [from, to]) await subscribe(channel, context);
      for (const payload of payloads) {
        const answer = await from.send({ type: "broadcast", event: EVENT, payload });
        if (answer !== "ok") throw new Mismatch('"ok"', show(answer));
      }
      await collector.expect(payloads, context.timeoutMs);
    },
  ),
  clientCase(
    "private-v2",
    ": setAuth opens the private channel of the session",
    async (context) => {
      const channel = await sessionChannel(context, "session");
      const collector = new Collector(channel, EVENT, N);
      await subscribe(channel, context);
      const topic = context.privateTopic;
      const messages = payloads.map((payload) => ({ topic, event: EVENT, payload, private: true }));
      await runSteps([batch(...messages)], context);
      await collector.expect(payloads, context.timeoutMs);
    },
    { needs: ["private"] },
  ),
  clientCase(
    "denied",
    ": the channel of another session is CHANNEL_ERROR with the server's reason",
    async (context) => {
      const channel = await sessionChannel(context, "other-session");
      const reason =
        "Unauthorized: You do not have permissions to read from this Channel topic: " +
        context.privateTopic;
      await new Statuses().subscribe(channel).expect("CHANNEL_ERROR", context.timeoutMs, reason);
    },
    { needs: ["private"] },
  ),
  clientCase(
    "too-many-messages",
    ": too many messages per second are CLOSED, and the client does not join again",
    async (context) => {
      const client = officialClient(context, "2.0.0", "service");
      const channel = client.channel(context.topic);
      const systemMessages: unknown[] = [];
      channel.on("system", {}, (payload) => systemMessages.push(payload));
      const statuses = new Statuses().subscribe(channel);
      await statuses.expect("SUBSCRIBED", context.timeoutMs);
      await publishUntilLimited(context, () => Promise.resolve(statuses.next !== undefined));
      await statuses.expect("CLOSED", context.timeoutMs);
      const system = {
        extension: "system",
        status: "error",
        message: "Too many messages per second",
        channel: context.topic,
      };
      if (!systemMessages.some((one) => sorted(one) === sorted(system)))
        throw new Mismatch(show(system), show(systemMessages));
      // A client only joins again the channels that it still has.
      const channels = client.getChannels().length;
      if (channels > 0 || !client.isConnected())
        throw new Mismatch("no channel left, and an open socket", show({ channels }));
    },
    { tenant: { max_events_per_second: 5 } },
  ),
];

async function sessionChannel(context: TestContext, token: string): Promise<RealtimeChannel> {
  const client = officialClient(context, "2.0.0", "anon");
  await client.setAuth(context.token(token));
  return client.channel(context.privateTopic, { config: { private: true } });
}

const sorted = (value: unknown): string =>
  JSON.stringify(Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1)));
