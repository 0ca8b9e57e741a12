import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeMessage, type PhoenixMessage } from "./phoenix-codec.ts";
import { decodeFrame } from "../../native/transport/phoenix-frame.ts";

const broadcastOf = (topic: string, event: string, payload: unknown): PhoenixMessage => ({
  joinRef: null,
  ref: null,
  topic,
  event: "broadcast",
  payload: { type: "broadcast", event, payload },
});
/** A user's broadcast as the server frames it. */
const frame = (
  topic: string,
  event: string,
  metadata: string,
  encoding: number,
  body: Buffer,
): Buffer => {
  const parts = [topic, event, metadata].map((part) => Buffer.from(part));
  return Buffer.concat([
    Buffer.of(4, ...parts.map((part) => part.length), encoding),
    ...parts,
    body,
  ]);
};

describe("what the server sends", () => {
  const join: PhoenixMessage = {
    joinRef: "1",
    ref: "1",
    topic: "realtime:t",
    event: "phx_reply",
    payload: {},
  };

  test.each([
    ["2.0.0", '["1","1","realtime:t","phx_reply",{}]', join],
    [
      "2.0.0",
      '[null,null,"t","broadcast",{"event":"e"}]',
      {
        ...join,
        joinRef: null,
        ref: null,
        topic: "t",
        event: "broadcast",
        payload: { event: "e" },
      },
    ],
    [
      "1.0.0",
      '{"topic":"realtime:t","event":"phx_reply","payload":{},"ref":"1"}',
      { ...join, joinRef: null },
    ],
  ] as const)("is read from text, vsn %s: %s", (vsn, text, message) => {
    expect(decodeFrame(Buffer.from(text), false, vsn)).toEqual(message);
  });

  test("is read from a binary broadcast, with and without metadata", () => {
    const body = Buffer.from('{"x":"é"}');
    for (const metadata of ["", '{"id":"1"}']) {
      const message = decodeFrame(frame("realtime:ü", "hi", metadata, 1, body), true, "2.0.0");
      expect(message).toEqual(broadcastOf("realtime:ü", "hi", { x: "é" }));
    }
    expect(decodeFrame(frame("t", "e", "", 0, body), true, "2.0.0")).toEqual(
      broadcastOf("t", "e", body),
    );
  });

  const text = fc.string({ unit: "grapheme", maxLength: 20 });

  test("binary broadcasts come out as they went in", () => {
    fc.assert(
      fc.property(text, text, fc.jsonValue(), (topic, event, payload) => {
        const body = Buffer.from(JSON.stringify(payload));
        const message = decodeFrame(frame(topic, event, "{}", 1, body), true, "2.0.0");
        expect(message).toEqual(broadcastOf(topic, event, JSON.parse(body.toString())));
      }),
    );
  });

  test("may be anything at all: what makes no sense is no message", () => {
    const frames = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.of(4, ...bytes)),
      fc.json().map((json) => Buffer.from(json)),
    );
    fc.assert(
      fc.property(frames, fc.boolean(), fc.constantFrom("1.0.0", "2.0.0"), (bytes, binary, vsn) => {
        const message = decodeFrame(bytes, binary, vsn);
        expect(message === undefined || typeof message.topic === "string").toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

test("what a client sends comes back as itself, on both versions", () => {
  const ref = fc.option(fc.string());
  const messages = fc.record({
    joinRef: ref,
    ref,
    topic: fc.string(),
    event: fc.string(),
    payload: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  });
  fc.assert(
    fc.property(messages, fc.constantFrom("1.0.0", "2.0.0"), (message, vsn) => {
      expect(decodeFrame(Buffer.from(encodeMessage(message, vsn)), false, vsn)).toEqual(message);
    }),
  );
});
