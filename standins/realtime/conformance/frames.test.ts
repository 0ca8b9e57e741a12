import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeFrame, encodeMessage, encodePush, receivedShape } from "./frames.ts";

it("writes the same binary push as realtime-js", () => {
  const bytes = encodePush({
    joinRef: "9",
    ref: "16",
    topic: "realtime:empty:1",
    event: "hi",
    payload: '{"x":1}',
  });
  expect(Buffer.from(bytes).toString("latin1")).toBe(
    "\x03\x01\x02\x10\x02\x00\x01" + "9" + "16" + "realtime:empty:1" + "hi" + '{"x":1}',
  );
});

it("version 1 has no join_ref", () => {
  const message = [null, "1", "phoenix", "heartbeat", {}] as const;
  expect(JSON.parse(encodeMessage("1.0.0", message))).toEqual({
    topic: "phoenix",
    event: "heartbeat",
    payload: {},
    ref: "1",
  });
  expect(encodeMessage("2.0.0", message)).toBe('[null,"1","phoenix","heartbeat",{}]');
  expect(Object.keys(receivedShape<unknown>("1.0.0", ["1", "1", "t", "e", {}]))).not.toContain(
    "join_ref",
  );
});

const name = fc.string({ unit: "grapheme", maxLength: 20 });

it("reads any binary broadcast", () => {
  fc.assert(
    fc.property(name, name, name, fc.jsonValue(), (topic, event, metadata, value) => {
      const parts = [topic, event, metadata].map((part) => Buffer.from(part));
      const head = Buffer.from([4, ...parts.map((part) => part.length), 1]);
      const json = JSON.stringify(value);
      const payload: unknown = JSON.parse(json);
      expect(decodeFrame(Buffer.concat([head, ...parts, Buffer.from(json)]), true)).toEqual({
        binary: { topic, event, metadata, payload },
      });
    }),
  );
});

it("never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, isBinary) => {
      expect(Object.keys(decodeFrame(Buffer.from(bytes), isBinary))).toHaveLength(1);
    }),
  );
});
