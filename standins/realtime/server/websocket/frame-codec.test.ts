import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeFrame,
  encodeBroadcast,
  encodeMessage,
  encodeUserBroadcast,
  type Vsn,
} from "./frame-codec.ts";

const ref = fc.oneof(fc.string({ unit: "binary" }), fc.constant(null), fc.nat());
const message = fc.record({
  joinRef: ref,
  ref,
  topic: fc.string({ unit: "binary" }),
  event: fc.string(),
  payload: fc.jsonValue(),
});
/** At most 255 bytes of UTF-8. */
const short = fc.string({ unit: "binary", maxLength: 60 });

/** The binary broadcast of a client (kind 3), as realtime-js encodes it. */
function kind3(
  texts: readonly [joinRef: string, ref: string, topic: string, event: string, metadata: string],
  encoding: number,
  payload: Uint8Array,
): Buffer {
  const parts = texts.map((text) => Buffer.from(text));
  return Buffer.concat([
    Buffer.from([3, ...parts.map((part) => part.length), encoding]),
    ...parts,
    payload,
  ]);
}

describe("text frames", () => {
  test("vsn 2.0.0 decodes to what was encoded", () => {
    fc.assert(
      fc.property(message, (sent) => {
        const frame = Buffer.from(encodeMessage(2, sent));
        // JSON has no -0.
        expect(decodeFrame(2, frame, false)).toEqual({ ...sent, payload: roundTrip(sent.payload) });
      }),
    );
  });

  test("vsn 1.0.0 decodes without its join_ref", () => {
    fc.assert(
      fc.property(message, (sent) => {
        const frame = encodeMessage(1, sent);
        expect(Object.keys(JSON.parse(frame) as object)).toEqual([
          "topic",
          "event",
          "payload",
          "ref",
        ]);
        const expected = { ...sent, joinRef: null, payload: roundTrip(sent.payload) };
        expect(decodeFrame(1, Buffer.from(frame), false)).toEqual(expected);
      }),
    );
  });

  test("a broadcast with encoded JSON is the same frame", () => {
    fc.assert(
      fc.property(message, fc.constantFrom<Vsn>(1, 2), ({ topic, payload }, vsn) => {
        const broadcast = { joinRef: null, ref: null, topic, event: "broadcast", payload };
        const frame = encodeBroadcast(vsn, topic, JSON.stringify(payload));
        expect(frame).toEqual({ data: Buffer.from(encodeMessage(vsn, broadcast)), binary: false });
      }),
    );
  });

  test.each<[string, Vsn, string]>([
    ["invalid JSON", 2, "{"],
    ["an object on vsn 2.0.0", 2, '{"topic":"t"}'],
    ["too short an array", 2, '[null,"1","t","e"]'],
    ["a topic that is not text", 2, '[null,"1",7,"e",{}]'],
    ["a ref that is not text", 2, '[null,{},"t","e",{}]'],
    ["an array on vsn 1.0.0", 1, '[null,"1","t","e",{}]'],
    ["a missing ref", 1, '{"topic":"t","event":"e","payload":{}}'],
    ["null", 1, "null"],
  ])("%s is ignored", (_name, vsn, text) => {
    expect(decodeFrame(vsn, Buffer.from(text), false)).toBeUndefined();
  });

  test("more than five elements are accepted", () => {
    expect(decodeFrame(2, Buffer.from('["1","2","t","e",{},"more"]'), false)).toMatchObject({
      joinRef: "1",
      ref: "2",
      topic: "t",
      event: "e",
    });
  });
});

describe("binary frames", () => {
  test("an example from realtime-js", () => {
    const frame = Buffer.concat([
      Buffer.from([0x03, 0x01, 0x02, 0x10, 0x02, 0x00, 0x01]),
      Buffer.from('916realtime:empty:1hi{"x":1}'),
    ]);
    expect(decodeFrame(2, frame, true)).toMatchObject({
      joinRef: "9",
      ref: "16",
      topic: "realtime:empty:1",
      event: "broadcast",
      userBroadcast: { event: "hi", payload: Buffer.from('{"x":1}') },
    });
  });

  test("kind 3 is sent on as kind 4", () => {
    fc.assert(
      fc.property(
        fc.tuple(short, short, short, short),
        fc.uint8Array(),
        ([joinRef, refText, topic, event], payload) => {
          const read = decodeFrame(
            2,
            kind3([joinRef, refText, topic, event, ""], 1, payload),
            true,
          );
          expect(read).toMatchObject({
            joinRef: utf8(joinRef),
            ref: utf8(refText),
            topic: utf8(topic),
          });
          const { data, binary } = encodeUserBroadcast(topic, read!.userBroadcast!);
          expect(binary).toBe(true);
          const [topicBytes, eventBytes] = [Buffer.byteLength(topic), Buffer.byteLength(event)];
          expect([...data.subarray(0, 5)]).toEqual([4, topicBytes, eventBytes, 0, 1]);
          expect(data.subarray(5).toString()).toBe(topic + event + Buffer.from(payload).toString());
        },
      ),
    );
  });

  test("lengths are bytes of UTF-8", () => {
    const frame = encodeUserBroadcast("ü".repeat(127), { event: "e", payload: Buffer.from("1") });
    expect(frame.data[1]).toBe(254);
  });

  test("raw payloads, unknown kinds and vsn 1.0.0 are ignored", () => {
    const whole = kind3(["1", "2", "t", "e", "{}"], 1, Buffer.from("{}"));
    expect(decodeFrame(2, whole, true)).toBeDefined();
    expect(decodeFrame(1, whole, true)).toBeUndefined();
    const raw = kind3(["1", "2", "t", "e", ""], 0, Buffer.from("{}"));
    expect(decodeFrame(2, raw, true)).toBeUndefined();
    expect(decodeFrame(2, Buffer.from([4, 0, 0, 0, 1]), true)).toBeUndefined();
    expect(decodeFrame(2, Buffer.alloc(0), true)).toBeUndefined();
  });

  test("a frame cut anywhere before its payload is ignored", () => {
    const whole = kind3(["1", "2", "topic", "event", "{}"], 1, Buffer.from("{}"));
    for (let length = 0; length < whole.length - 2; length += 1)
      expect(decodeFrame(2, whole.subarray(0, length), true)).toBeUndefined();
  });
});

test("no input throws", () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc
      .tuple(fc.constantFrom(0, 3, 4), fc.uint8Array())
      .map(([kind, rest]) => Uint8Array.from([kind, ...rest])),
    fc.json().map((json) => new TextEncoder().encode(json)),
  );
  fc.assert(
    fc.property(bytes, fc.constantFrom<Vsn>(1, 2), fc.boolean(), (data, vsn, binary) => {
      decodeFrame(vsn, Buffer.from(data), binary);
    }),
    { numRuns: 1000 },
  );
});

const roundTrip = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
/** Encoding replaces invalid text (a lone surrogate). */
const utf8 = (text: string): string => Buffer.from(text).toString();
