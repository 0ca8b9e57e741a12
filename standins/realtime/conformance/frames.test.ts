import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeFrame, encodeMessage, encodePush, receivedShape } from "./frames.ts";

it("writes the binary push that realtime-js was seen to write", () => {
  const bytes = encodePush({
    joinRef: "9",
    ref: "16",
    topic: "realtime:empty:1",
    event: "hi",
    encoding: "json",
    payload: '{"x":1}',
  });
  expect(Buffer.from(bytes).toString("latin1")).toBe(
    "\x03\x01\x02\x10\x02\x00\x01" + "9" + "16" + "realtime:empty:1" + "hi" + '{"x":1}',
  );
});

it("leaves join_ref out of version 1, where there is none, and never expects one", () => {
  const message = [null, "1", "phoenix", "heartbeat", {}] as const;
  expect(JSON.parse(encodeMessage("1.0.0", message))).toEqual({
    topic: "phoenix",
    event: "heartbeat",
    payload: {},
    ref: "1",
  });
  expect(encodeMessage("2.0.0", message)).toBe('[null,"1","phoenix","heartbeat",{}]');
  expect(Object.keys(receivedShape<unknown>("1.0.0", ["1", "1", "t", "e", {}]))).not.toContain("join_ref");
});

const name = fc.string({ unit: "grapheme", maxLength: 20 });

it("reads any binary broadcast", () => {
  fc.assert(
    fc.property(name, name, name, fc.uint8Array({ maxLength: 50 }), (topic, event, metadata, payload) => {
      const parts = [topic, event, metadata].map((part) => Buffer.from(part));
      const head = Buffer.from([4, ...parts.map((part) => part.length), 0]);
      expect(decodeFrame(Buffer.concat([head, ...parts, payload]), true)).toEqual({
        binary: { topic, event, encoding: "raw", metadata, payload: Buffer.from(payload).toString("hex") },
      });
    }),
  );
});

it("takes whatever a server sends", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, isBinary) => {
      expect(Object.keys(decodeFrame(Buffer.from(bytes), isBinary))).toHaveLength(1);
    }),
  );
});
