import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  ACCEPTED,
  BATCH_TOO_LARGE,
  startScriptedRealtime,
  TOO_MANY_REQUESTS,
  type PostedMessage,
  type ScriptedAnswer,
  type ScriptedRealtime,
} from "../../../test-support/scripted-realtime.ts";
import type { PipelineSSEEvent } from "../../contract/events.ts";
import type { DropReason } from "../../contract/ledger.ts";
import { nowMs } from "../../../../common/clock.ts";
import { QueuedEvent } from "./queued-event.ts";
import { RealtimeHttpPublisher } from "./realtime-http-publisher.ts";

/** For what has to come; a busy host may take its time. */
const PATIENCE = { timeout: 15_000 };
/** Each look advances a faked clock by the interval. */
const FAKE_PATIENCE = { timeout: 15_000, interval: 1 };

let realtime: ScriptedRealtime;
const publishers: RealtimeHttpPublisher[] = [];
beforeEach(async () => {
  realtime = await startScriptedRealtime();
});
afterEach(async () => {
  vi.useRealTimers();
  realtime.answer = () => ACCEPTED;
  await Promise.all(publishers.splice(0).map(async (publisher) => publisher.shutdown()));
  await realtime.stop();
});

const idOf = ({ sessionId, seq }: { sessionId: string; seq: number }): string =>
  `${sessionId}-${seq}`;

function publisherTo(url: string, queueBytes = 16_777_216) {
  const dropped: { id: string; reason: DropReason }[] = [];
  const states: string[] = [];
  const statuses: string[] = [];
  let queued = { events: 0, bytes: 0 };
  const publisher = new RealtimeHttpPublisher({
    url,
    key: "service.role.key",
    queueBytes,
    onDrop: (event, reason) => dropped.push({ id: idOf(event), reason }),
    onState: (state, reason) => states.push(reason === undefined ? state : `${state}: ${reason}`),
    onQueue: (events, bytes) => (queued = { events, bytes }),
    onStatus: (status) => statuses.push(status),
  });
  publishers.push(publisher);
  const sent: string[] = [];
  const send = (sessionId: string, seq: number, bytes = 20): void => {
    const event = eventOf(sessionId, seq, bytes);
    sent.push(idOf(event));
    publisher.send(new QueuedEvent(event));
  };
  return { publisher, send, sent, dropped, states, statuses, queue: () => queued };
}

const eventOf = (sessionId: string, seq: number, bytes: number): PipelineSSEEvent => ({
  type: "section_draft",
  sessionId,
  epoch: "abc",
  seq,
  total: 1000,
  instance: "server-1",
  intendedMs: 1,
  publishedMs: nowMs(),
  payload: { text: "x".repeat(bytes) },
});

/** What was received of each session, each event once, in the order of its first arrival. */
function orders(): Map<string, number[]> {
  const bySession = new Map<string, number[]>();
  for (const { sessionId, seq } of realtime.received) {
    const seqs = bySession.get(sessionId) ?? [];
    if (!seqs.includes(seq)) seqs.push(seq);
    bySession.set(sessionId, seqs);
  }
  return bySession;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test("posts to private topics with the key and the send time", async () => {
  const { send } = publisherTo(realtime.url);
  const beforeMs = nowMs();
  send("s1", 1);
  await vi.waitFor(() => expect(realtime.received).toHaveLength(1), PATIENCE);
  const [post] = realtime.posts;
  expect(post?.headers).toMatchObject({
    authorization: "Bearer service.role.key",
    apikey: "service.role.key",
    "content-type": "application/json",
  });
  expect(post?.messages).toMatchObject([
    {
      topic: "sse:session:s1",
      event: "section_draft",
      private: true,
      payload: { event: { seq: 1 } },
    },
  ]);
  const sentMs = post?.messages[0]?.payload.sentMs ?? 0;
  expect(sentMs).toBeGreaterThanOrEqual(beforeMs);
  expect(sentMs).toBeLessThanOrEqual(nowMs());
});

test("keeps each session's order with slow responses and batches of at most 100", async () => {
  realtime.answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
    return ACCEPTED;
  };
  const { send, queue } = publisherTo(realtime.url);
  const sessions = Array.from({ length: 30 }, (_, index) => `session-${index}`);
  for (const seq of upTo(60)) {
    for (const session of sessions) send(session, seq);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await vi.waitFor(() => expect(realtime.received).toHaveLength(1800), PATIENCE);
  expect([...orders().values()]).toEqual(sessions.map(() => upTo(60)));
  const sizes = realtime.posts.map(({ messages }) => messages.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
  expect(Math.max(...sizes)).toBeGreaterThan(1);
  expect(realtime.open.most).toBeGreaterThan(1);
  expect(queue()).toEqual({ events: 0, bytes: 0 });
});

test("sends the events of one turn together, and a large event alone", async () => {
  const { send } = publisherTo(realtime.url);
  for (const seq of upTo(3)) send("s1", seq);
  await vi.waitFor(() => expect(realtime.received).toHaveLength(3), PATIENCE);
  for (const seq of [4, 5, 6]) send("s1", seq, 600_000);
  await vi.waitFor(() => expect(realtime.received).toHaveLength(6), PATIENCE);
  for (const seq of upTo(250)) send("s1", seq + 6);
  await vi.waitFor(() => expect(realtime.received).toHaveLength(256), PATIENCE);
  expect(realtime.posts.map(({ messages }) => messages.length)).toEqual([3, 1, 1, 1, 100, 100, 50]);
});

test.each<[string, ScriptedAnswer]>([
  ["429", TOO_MANY_REQUESTS],
  ["503", { status: 503 }],
  ["500 with HTML", { status: 500, body: "<html>" }],
  ["a cut connection", "reset"],
])(
  "retries the same events after %s, with the time of the first attempt",
  async (_what, failure) => {
    let failures = 3;
    realtime.answer = () => (failures-- > 0 ? failure : ACCEPTED);
    const { send, dropped, states, queue, publisher } = publisherTo(realtime.url);
    await publisher.settled;
    for (const seq of upTo(150)) send("s1", seq);
    await vi.waitFor(() => expect(queue().events).toBe(0), PATIENCE);
    expect(orders().get("s1")).toEqual(upTo(150));
    expect(dropped).toEqual([]);
    const triesOfFirst = realtime.posts
      .flatMap(({ messages }) => messages)
      .filter(({ payload }) => payload.event.seq === 1);
    expect(triesOfFirst).toHaveLength(4);
    expect(new Set(triesOfFirst.map(({ payload }) => payload.sentMs)).size).toBe(1);
    // A server that refuses for a limit is there.
    const between =
      failure === TOO_MANY_REQUESTS ? "limited" : (expect.stringMatching(/^down: /) as string);
    expect(states).toEqual(["up", between, "up"]);
  },
);

test("aborts a POST without a response, and sends its events again", async () => {
  realtime.answer = () => (realtime.posts.length === 0 ? "silent" : ACCEPTED);
  const { send, states } = publisherTo(realtime.url);
  for (const seq of upTo(5)) send("s1", seq);
  await vi.waitFor(() => expect(states).toEqual(["up", "down: no answer in time", "up"]), {
    timeout: 14_000,
  });
  expect(orders().get("s1")).toEqual(upTo(5));
}, 15_000);

test("sends one retry for all waiting sessions, after the requested wait", async () => {
  const { send } = publisherTo(realtime.url);
  realtime.answer = () => ({ status: 429, headers: { "retry-after": "1" } });
  for (let session = 0; session < 50; session++) send(`session-${session}`, 1);
  await vi.waitFor(() => expect(realtime.posts.length).toBeGreaterThanOrEqual(8), PATIENCE);
  const refused = realtime.posts.length;
  const refusedMs = nowMs();
  realtime.answer = () => ACCEPTED;
  await vi.waitFor(() => expect(realtime.posts.length).toBeGreaterThan(refused), {
    timeout: 5000,
    interval: 5,
  });
  expect(nowMs() - refusedMs).toBeGreaterThan(800);
  await vi.waitFor(() => expect(realtime.received).toHaveLength(50), PATIENCE);
  expect(refused).toBe(8);
});

test("makes smaller batches if the limit has no room for them", async () => {
  realtime.answer = (messages) => (messages.length > 7 ? BATCH_TOO_LARGE : ACCEPTED);
  const { send, dropped } = publisherTo(realtime.url);
  for (const seq of upTo(100)) send("s1", seq);
  await vi.waitFor(() => expect(realtime.received).toHaveLength(100), PATIENCE);
  expect(orders().get("s1")).toEqual(upTo(100));
  expect(dropped).toEqual([]);
});

test("uses the batch size that the response allows", async () => {
  realtime.answer = (messages) =>
    messages.length > 13 && realtime.received.length === 0
      ? { ...(BATCH_TOO_LARGE as object), status: 429, headers: { "x-rate-limit-remaining": "13" } }
      : ACCEPTED;
  const { send } = publisherTo(realtime.url);
  for (const seq of upTo(40)) send("s1", seq);
  await vi.waitFor(() => expect(realtime.received).toHaveLength(40), PATIENCE);
  expect(realtime.posts.slice(0, 2).map(({ messages }) => messages.length)).toEqual([40, 13]);
});

test("drops and reports only the refused messages of a batch", async () => {
  const isBad = ({ payload }: PostedMessage): boolean => payload.event.seq % 10 === 0;
  realtime.answer = (messages) =>
    messages.some(isBad)
      ? {
          status: 422,
          body: {
            errors: {
              messages: messages.map((m) =>
                isBad(m) ? { payload: ["Payload size exceeds tenant limit"] } : {},
              ),
            },
          },
        }
      : ACCEPTED;
  const { send, dropped } = publisherTo(realtime.url);
  for (const seq of upTo(30)) send("s1", seq);
  await vi.waitFor(() => expect(realtime.received).toHaveLength(27), PATIENCE);
  expect(dropped).toEqual([10, 20, 30].map((seq) => ({ id: `s1-${seq}`, reason: "refused" })));
  expect(orders().get("s1")).toEqual(upTo(30).filter((seq) => seq % 10 !== 0));
});

test.each([413, 422])("finds the refused message if a %d does not name it", async (status) => {
  realtime.answer = (messages) =>
    messages.some(({ payload }) => payload.event.seq === 17) ? { status, body: "no" } : ACCEPTED;
  const { send, dropped } = publisherTo(realtime.url);
  for (const seq of upTo(40)) send("s1", seq);
  await vi.waitFor(() => expect(realtime.received).toHaveLength(39), PATIENCE);
  expect(dropped).toEqual([{ id: "s1-17", reason: "refused" }]);
});

test.each([401, 403, 404])(
  "retries a %d only after seconds, and reports the setting without the key",
  async (status) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "hrtime"] });
    realtime.answer = () => ({ status, body: { message: "Unauthorized" } });
    const { send, states, publisher } = publisherTo(realtime.url);
    await publisher.settled;
    for (const seq of upTo(20)) send("s1", seq);
    await vi.waitFor(() => expect(states).toHaveLength(2), FAKE_PATIENCE);
    expect(states[1]).toMatch(/^down: .*REALTIME_(KEY|URL).*HTTP/);
    expect(states.join()).not.toContain("service.role.key");
    // The back-off is at least five seconds.
    const ping = () => fetch(new URL("/api/ping", realtime.url));
    await vi.advanceTimersByTimeAsync(3000);
    expect((await ping()).status).toBe(200);
    expect(realtime.posts).toHaveLength(1);
    // In small steps, each with a real answer: a retry would time out if the clock leapt over it.
    for (let waitedMs = 0; waitedMs < 20_000 && realtime.posts.length < 2; waitedMs += 250) {
      await vi.advanceTimersByTimeAsync(250);
      await ping();
    }
    expect(realtime.posts).toHaveLength(2);
  },
);

test.each<[DropReason, ScriptedAnswer]>([
  ["quota", TOO_MANY_REQUESTS],
  ["outage", { status: 503 }],
])("drops events above the queue size, and reports %s", async (reason, failure) => {
  realtime.answer = () => failure;
  const { send, sent, dropped, queue } = publisherTo(realtime.url, 20_000);
  for (const seq of upTo(10)) send("s1", seq);
  await vi.waitFor(() => expect(realtime.posts.length).toBeGreaterThan(0), PATIENCE);
  for (const seq of upTo(200).slice(10)) send(`s${seq % 7}`, seq);
  expect(queue().bytes).toBeLessThanOrEqual(20_000);
  expect(dropped.length).toBeGreaterThan(50);
  expect(new Set(dropped.map((drop) => drop.reason))).toEqual(new Set([reason]));
  realtime.answer = () => ACCEPTED;
  await vi.waitFor(() => expect(queue().events).toBe(0), PATIENCE);
  const arrived = new Set(realtime.received.map(idOf));
  expect(dropped.filter(({ id }) => arrived.has(id))).toEqual([]);
  expect(arrived.size + dropped.length).toBe(sent.length);
});

test("is limited from the first refusal until every delayed event is sent", async () => {
  const { send, states, queue, publisher } = publisherTo(realtime.url);
  await publisher.settled;
  realtime.answer = () => TOO_MANY_REQUESTS;
  for (const seq of upTo(20)) send("s1", seq);
  await vi.waitFor(() => expect(states).toEqual(["up", "limited"]), PATIENCE);
  realtime.answer = () => ACCEPTED;
  await vi.waitFor(() => expect(queue().events).toBe(0), PATIENCE);
  expect(states).toEqual(["up", "limited", "up"]);
});

test("a successful probe does not change the state after a refused publication", async () => {
  let answerProbe = (): void => {};
  realtime.ping = new Promise((resolve) => (answerProbe = () => resolve({ status: 200 })));
  realtime.answer = () => TOO_MANY_REQUESTS;
  const { send, states, publisher } = publisherTo(realtime.url);
  send("s1", 1);
  await vi.waitFor(() => expect(states).toEqual(["limited"]), PATIENCE);
  answerProbe();
  await publisher.settled;
  expect(states).toEqual(["limited"]);
});

test("drops events that still wait for a limit at shutdown, and reports quota", async () => {
  const { send, states, dropped, publisher } = publisherTo(realtime.url);
  await publisher.settled;
  realtime.answer = () => TOO_MANY_REQUESTS;
  for (const seq of upTo(3)) send("s1", seq);
  await vi.waitFor(() => expect(states).toContain("limited"), PATIENCE);
  await publisher.shutdown();
  expect(dropped).toEqual([1, 2, 3].map((seq) => ({ id: `s1-${seq}`, reason: "quota" })));
});

test("accounts for every event after any responses of Realtime", async () => {
  const failures: ScriptedAnswer[] = [
    { status: 503 },
    "reset",
    { status: 413 },
    BATCH_TOO_LARGE,
    ACCEPTED,
    ACCEPTED,
  ];
  const script = fc.array(fc.constantFrom(...failures), { minLength: 1, maxLength: 12 });
  const bursts = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 40 })), {
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(
      script,
      bursts,
      fc.integer({ min: 2000, max: 30_000 }),
      async (answers, plan, queueBytes) => {
        realtime.received.length = 0;
        const left = [...answers];
        realtime.answer = () => left.shift() ?? ACCEPTED;
        const { send, sent, dropped, queue, publisher } = publisherTo(realtime.url, queueBytes);
        let seq = 0;
        for (const [session, count] of plan) {
          for (let sending = 0; sending < count; sending++) send(`s${session}`, ++seq);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await vi.waitFor(() => expect(queue()).toEqual({ events: 0, bytes: 0 }), {
          timeout: 20_000,
          interval: 5,
        });
        await publisher.shutdown();
        const lost = new Set(dropped.map(({ id }) => id));
        const arrived = new Set(realtime.received.map(idOf));
        expect([...arrived].filter((id) => lost.has(id))).toEqual([]);
        expect([...arrived, ...lost].sort()).toEqual([...sent].sort());
        for (const seqs of orders().values()) expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
      },
    ),
    { numRuns: 12 },
  );
}, 60_000);

test("sends its queue at shutdown, and accepts no event after it", async () => {
  const { send, publisher, dropped } = publisherTo(realtime.url);
  for (const seq of upTo(500)) send("s1", seq);
  await publisher.shutdown();
  expect(orders().get("s1")).toEqual(upTo(500));
  send("s1", 501);
  expect(dropped).toEqual([{ id: "s1-501", reason: "outage" }]);
});

test("retries at shutdown without its back-off, and reports the rest as dropped", async () => {
  realtime.answer = () => ({ status: 401 });
  const { send, publisher, states } = publisherTo(realtime.url);
  for (const seq of upTo(5)) send("s1", seq);
  await vi.waitFor(() => expect(states.join()).toContain("REALTIME_KEY"), PATIENCE);
  realtime.answer = () => ACCEPTED;
  await publisher.shutdown();
  expect(orders().get("s1")).toEqual(upTo(5));

  const second = publisherTo(realtime.url);
  realtime.answer = () => "silent";
  for (const seq of upTo(5)) second.send("s2", seq);
  await second.publisher.shutdown();
  expect(second.dropped).toEqual(upTo(5).map((seq) => ({ id: `s2-${seq}`, reason: "outage" })));
  expect(second.queue()).toEqual({ events: 0, bytes: 0 });
});

test("knows the state of Realtime before it publishes, and notices its return", async () => {
  const { publisher, states } = publisherTo(realtime.url);
  await publisher.settled;
  expect(states).toEqual(["up"]);

  realtime.ping = { status: 503 };
  const late = publisherTo(realtime.url);
  await late.publisher.settled;
  expect(late.states).toEqual(["down: HTTP 503"]);
  realtime.ping = { status: 200 };
  await vi.waitFor(() => expect(late.states.at(-1)).toBe("up"), PATIENCE);
});
