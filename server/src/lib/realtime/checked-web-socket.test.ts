import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import {
  batchOf,
  fuzzingBatches,
  meaningOf,
  nastyJson,
} from "../../../../common/test-support/nasty-json.ts";
import { eventJson } from "../streams/sse-frame.ts";
import { RealtimeTopics } from "./realtime-topics.ts";
import { SupabaseBroadcaster } from "./supabase-broadcaster.ts";

const PATIENCE = { timeout: 15_000, interval: 1 };
/** Frames that are sent before anything is waited for. */
const BATCH = 50;
const SESSION = "s";
const TOPIC = `realtime:sse:session:${SESSION}`;

let server: WebSocketServer;
let socket: WebSocket | undefined;
let topics: RealtimeTopics;
let broadcaster: SupabaseBroadcaster;
let malformed: number;
const received: string[] = [];
let seq = 0;

beforeEach(async () => {
  received.length = malformed = 0;
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (opened) => {
    socket = opened;
    opened.on("message", (data: Buffer) => {
      const [joinRef, ref, topic, event] = JSON.parse(data.toString()) as unknown[];
      // Joins and heartbeats: without an answer, realtime-js closes the connection.
      const response = event === "phx_join" ? { postgres_changes: [] } : {};
      const reply = { status: "ok", response };
      opened.send(JSON.stringify([joinRef, ref, topic, "phx_reply", reply]));
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const onMalformed = (): void => {
    malformed++;
  };
  topics = new RealtimeTopics({ url: `http://127.0.0.1:${port}/socket`, key: "k", onMalformed });
  broadcaster = new SupabaseBroadcaster({
    publisher: { send() {}, settled: Promise.resolve(), shutdown: async () => {} },
    topics,
    log: undefined,
    onPublish: () => {},
    onMalformed,
  });
  broadcaster.subscribe(SESSION, (event) => received.push(eventJson(event)));
  await broadcaster.ready(SESSION);
});
afterEach(async () => {
  await broadcaster.shutdown();
  server.close();
});

/** An event as JSON, with a value from outside in its payload. */
const eventWith = (value: string): string =>
  `{"type":"preferences","sessionId":"${SESSION}","epoch":"abc","seq":${++seq},"total":0,` +
  `"instance":"i","intendedMs":1,"publishedMs":1,"payload":{"v":${value}}}`;

const broadcast = (payload: string): string =>
  `[null,null,"${TOPIC}","broadcast",{"type":"broadcast","event":"preferences","payload":${payload}}]`;

/** A binary broadcast. */
const binary = (payload: Buffer, lengths = [TOPIC.length, 1, 0]): Buffer =>
  Buffer.concat([Buffer.from([4, ...lengths, 1]), Buffer.from(`${TOPIC}e`), payload]);

const deep = `${"[".repeat(6000)}${"]".repeat(6000)}`;

test.each<[string, string | Buffer]>([
  ["no JSON", "not json"],
  ["null", "null"],
  ["a number", "7"],
  ["an object", "{}"],
  ["a broadcast without payload", `[null,null,"${TOPIC}","broadcast",null]`],
  ["a system message without payload", `[null,null,"${TOPIC}","system",null]`],
  ["a reply without payload", `[null,"1","${TOPIC}","phx_reply",null]`],
  ["a payload that is too deep", broadcast(`{"event":${eventWith(deep)}}`)],
  ["a number that JavaScript changes", broadcast(`{"event":${eventWith("9007199254740993")}}`)],
  ["no event", broadcast('{"event":null}')],
  ["an empty binary frame", Buffer.alloc(0)],
  ["a binary frame that is cut", Buffer.from([4, 1])],
  ["a binary frame of another kind", Buffer.from([9, 9, 9])],
  ["lengths beyond the end", binary(Buffer.from("{}"), [255, 255, 255])],
  ["a binary payload that is no JSON", binary(Buffer.from("{bad"))],
  ["a binary payload that is no UTF-8", binary(Buffer.from([0x22, 0xff, 0x22]))],
])("counts and drops %s, and goes on", async (_what, frame) => {
  socket?.send(frame);
  const good = eventWith('"after"');
  socket?.send(broadcast(`{"event":${good}}`));
  await vi.waitFor(() => expect(received).toEqual([good]), PATIENCE);
  expect(malformed).toBe(1);
});

test("takes an event from a text frame and from a binary one", async () => {
  const events = [eventWith('"text"'), eventWith('"binary"')] as const;
  socket?.send(broadcast(`{"event":${events[0]}}`));
  socket?.send(binary(Buffer.from(`{"event":${events[1]}}`)));
  await vi.waitFor(() => expect(received).toEqual(events), PATIENCE);
  expect(malformed).toBe(0);
});

test("whatever Realtime sends, it is dropped or reaches the streams unchanged", async () => {
  const kinds = fc.constantFrom(
    "frame",
    "payload",
    "event",
    "binary frame",
    "binary payload",
    "binary event",
  );
  await fc.assert(
    fc.asyncProperty(batchOf(fc.tuple(nastyJson, kinds), BATCH), async (frames) => {
      received.length = 0;
      const markers = frames.map(([bytes, kind]) => {
        // ws itself ends a connection on text that is no UTF-8 (RFC 6455, 8.1).
        const isBinary = kind.startsWith("binary");
        const value = bytes.toString(isBinary ? "latin1" : "utf8");
        const event = eventWith(value);
        const payload = kind.endsWith("event") ? `{"event":${event}}` : value;
        if (kind === "binary frame") socket?.send(bytes);
        else if (isBinary) socket?.send(binary(Buffer.from(payload, "latin1")));
        else socket?.send(kind === "frame" ? value : broadcast(payload));
        const marker = eventWith('"marker"');
        socket?.send(broadcast(`{"event":${marker}}`));
        return { kind, marker, sent: isBinary ? Buffer.from(event, "latin1").toString() : event };
      });
      await vi.waitFor(() => expect(received.at(-1)).toBe(markers.at(-1)?.marker), PATIENCE);
      for (const { kind, marker, sent } of markers) {
        const arrived = received.splice(0, received.indexOf(marker) + 1).slice(0, -1);
        if (arrived.length === 0) continue;
        expect([kind.includes("event"), arrived.length]).toEqual([true, 1]);
        expect(meaningOf(arrived[0] ?? "")).toBe(meaningOf(sent));
      }
    }),
    fuzzingBatches(300, BATCH),
  );
});
