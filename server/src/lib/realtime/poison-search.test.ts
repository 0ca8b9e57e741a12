import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  ACCEPTED,
  startScriptedRealtime,
  type PostedMessage,
  type ScriptedAnswer,
  type ScriptedRealtime,
} from "../../../test-support/scripted-realtime.ts";
import { PoisonSearch } from "./poison-search.ts";
import { QueuedEvent } from "./queued-event.ts";
import { RealtimeHttpPublisher } from "./realtime-http-publisher.ts";

const PATIENCE = { timeout: 20_000 };
const POISON = "poison";

let realtime: ScriptedRealtime;
let publisher: RealtimeHttpPublisher;
const dropped: string[] = [];
const states: string[] = [];
beforeEach(async () => {
  realtime = await startScriptedRealtime();
  dropped.length = states.length = 0;
  publisher = new RealtimeHttpPublisher({
    url: realtime.url,
    key: "k",
    queueBytes: 16_777_216,
    onDrop: ({ payload }, reason) => dropped.push(`${String(payload["text"])} ${reason}`),
    onState: (state, reason) => states.push(reason === undefined ? state : `${state}: ${reason}`),
    onQueue: () => {},
    onStatus: () => {},
  });
  await publisher.settled;
});
afterEach(async () => {
  realtime.answer = () => ACCEPTED;
  await publisher.shutdown();
  await realtime.stop();
});

function send(sessionId: string, seq: number, text = `${sessionId} ${seq}`): void {
  publisher.send(
    new QueuedEvent({
      type: "chat_message",
      sessionId,
      epoch: "abc",
      seq,
      total: 0,
      instance: "server-1",
      intendedMs: 1,
      publishedMs: 1,
      payload: { text },
    }),
  );
}

const received = (): string[] =>
  [...new Set(realtime.received.map(({ payload }) => String(payload["text"])))].sort();

const refusing =
  (answer: ScriptedAnswer) =>
  (messages: PostedMessage[]): ScriptedAnswer =>
    messages.some(({ payload }) => payload.event.payload["text"] === POISON) ? answer : ACCEPTED;

test("finds the one message of a batch that the server answers with 400", async () => {
  realtime.answer = refusing({ status: 400 });
  for (let seq = 1; seq <= 40; seq++) send("s", seq, seq === 17 ? POISON : undefined);
  await vi.waitFor(() => expect(realtime.received).toHaveLength(39), PATIENCE);
  expect(dropped).toEqual([`${POISON} refused`]);
  expect(states).toEqual(["up"]);
});

test("drops nothing if everything at the address answers 400", async () => {
  realtime.ping = { status: 400 };
  realtime.answer = () => ({ status: 400 });
  send("s", 1);
  await vi.waitFor(() => expect(states.at(-1)).toMatch(/^down: REALTIME_URL .*400/), PATIENCE);
  expect(dropped).toEqual([]);
});

test.each([500, 503])("one message that is answered %d for ever stops no other", async (status) => {
  realtime.answer = refusing({ status });
  send("s0", 1);
  send("s0", 2, POISON);
  send("s0", 3);
  const sessions = Array.from({ length: 20 }, (_, index) => `s${index + 1}`);
  const sent = ["s0 1", "s0 3"];
  for (let seq = 1; dropped.length === 0; seq++) {
    for (const session of sessions) {
      send(session, seq);
      sent.push(`${session} ${seq}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await vi.waitFor(() => expect(received()).toEqual(sent.sort()), PATIENCE);
  expect(dropped).toEqual([`${POISON} refused`]);
  await vi.waitFor(() => expect(states.at(-1)).toBe("up"));
});

test("a message that fails alone waits until the server shows that it takes others", () => {
  const search = new PoisonSearch();
  const verdicts = Array.from({ length: 30 }, () => {
    search.failed(1, 5);
    return search.verdict(5);
  });
  expect(verdicts.indexOf("ask")).toBe(23);
  expect(verdicts).not.toContain("refused");
  expect(search.verdict(6)).toBe("refused");
  search.accepted();
  expect(search.verdict(6)).toBe("wait");
});
