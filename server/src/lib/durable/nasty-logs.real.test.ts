/** What other programs may write into the logs of both kinds, and onto the channels. */
import fc from "fast-check";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import {
  batchOf,
  fuzzing,
  fuzzingBatches,
  meaningOf,
  nastyJson,
} from "../../../../common/test-support/nasty-json.ts";
import { startValkey, type TestValkey } from "../../../test-support/valkey.ts";
import type { PipelineSSEEvent } from "../../contract/events.ts";
import { EventLog } from "../redis/event-log.ts";
import { RedisConnection } from "../redis/redis-connection.ts";
import { parseEvent } from "../streams/parse-event.ts";
import { eventJson } from "../streams/sse-frame.ts";
import { parseChannelMessage, SessionLog, type LogMessage } from "./session-log.ts";

let valkey: TestValkey;
let redis: Redis;
let connection: RedisConnection;
beforeAll(async () => {
  valkey = await startValkey();
  redis = new Redis(valkey.url, { protocol: 2 });
  const { hostname: host, port } = new URL(valkey.url);
  connection = new RedisConnection({
    address: { host, port: Number(port), db: 0, family: 0, tls: false },
    logger: pino({ level: "silent" }),
    name: "nasty-logs",
  });
});
afterAll(async () => {
  await connection.close();
  redis.disconnect();
  await valkey.stop();
});

/** Entries of one log that are written and read together. */
const BATCH = 50;
const PLACES = ["whole", "payload", "epoch", "seq", "gap"] as const;
type Place = (typeof PLACES)[number];

/** An event, or a declared gap, with the value somewhere in it. */
function textOf(value: Buffer, place: Place, seq: number): string {
  const text = value.toString();
  if (place === "whole") return text;
  if (place === "gap") return `{"epoch":"e1","from":1,"to":${text}}`;
  const fields = {
    type: '"preferences"',
    sessionId: '"s"',
    epoch: '"e1"',
    seq: String(seq),
    total: "0",
    instance: '"i"',
    intendedMs: "1",
    publishedMs: "1",
    payload: place === "payload" ? `{"v":${text}}` : "{}",
    ...(place === "payload" ? {} : { [place]: text }),
  };
  return `{${Object.entries(fields)
    .map(([name, one]) => `"${name}":${one}`)
    .join(",")}}`;
}

const entries = batchOf(fc.tuple(nastyJson, fc.constantFrom(...PLACES)), BATCH);

/** It is what was written, and no line of a stream can be made of its id. */
function expectUnchanged(event: PipelineSSEEvent, text: string): void {
  expect(meaningOf(eventJson(event))).toBe(meaningOf(text));
  expect(event.epoch).toMatch(/^[a-z0-9]+$/);
}
const expectPlainId = ({ id }: LogMessage): void => expect(id).toMatch(/^([a-z0-9]+-\d+)?$/);

test("whatever is in the log of durable streams, it is left out or arrives unchanged", async () => {
  const log = new SessionLog({ redis, windowEvents: 1000, keepS: 60, sessionTtlS: 60 });
  await fc.assert(
    fc.asyncProperty(entries, async (batch) => {
      const texts = batch.map(([value, place], index) => textOf(value, place, index + 1));
      const written = redis.pipeline().del("sse:log:s");
      batch.forEach(([value, place], index) => {
        const field = place === "gap" ? "g" : "e";
        const id = index % 2 === 0 ? `e1-${index + 1}` : value.toString();
        written.xadd("sse:log:s", `${index + 1}-0`, "i", id, field, texts[index] ?? "");
      });
      await written.exec();
      const messages = await log.readFrom("s", 1);
      expect(messages).toHaveLength(BATCH);
      for (const message of messages) {
        expectPlainId(message);
        if (message.event) expectUnchanged(message.event, texts[message.n - 1] ?? "");
      }
    }),
    fuzzingBatches(200, BATCH),
  );
});

test("whatever is in the event log, it is left out and declared, or arrives unchanged", async () => {
  const log = new EventLog({ redis: connection, maxEvents: 1000, onFailure: () => undefined });
  await fc.assert(
    fc.asyncProperty(entries, async (batch) => {
      const texts = batch.map(([value, place], index) => textOf(value, place, index + 1));
      const written = redis.pipeline().del("sse:catch-up:s:e1");
      texts.forEach((text, index) =>
        written.xadd("sse:catch-up:s:e1", `${index + 1}-0`, "e", text),
      );
      await written.exec();
      const { status, events } = await log.read("s", { epoch: "e1", seq: 0 });
      const whole = texts.filter((text) => parseEvent(parseJson(text), text) !== undefined);
      const meanings = new Set(whole.map((text) => meaningOf(text)));
      for (const event of events) expect([...meanings]).toContain(meaningOf(eventJson(event)));
      // More does not fit on a page.
      if (texts.join("").length > 3_000_000) return;
      expect(status).toBe(whole.length < BATCH ? "window-exceeded" : "replayed");
    }),
    fuzzingBatches(200, BATCH),
  );
});

test("whatever comes on the channel of durable streams, it is dropped or arrives unchanged", () => {
  fc.assert(
    fc.property(nastyJson, fc.constantFrom(...PLACES, "n"), (value, place) => {
      const text = place === "whole" || place === "n" ? value.toString() : textOf(value, place, 1);
      const n = place === "n" ? text : "1";
      const field = place === "gap" ? "gap" : "event";
      const message = parseChannelMessage(`{"n":${n},"${field}":${text}}`);
      if (message === undefined) return;
      expectPlainId(message);
      expect(message.n).toBe(parseJson(n));
      if (message.event) expectUnchanged(message.event, text);
    }),
    fuzzing(1000),
  );
});
