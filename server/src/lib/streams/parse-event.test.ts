import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CARRIED_VALUES,
  fuzzing,
  meaningOf,
  nastyJson,
  REFUSED_VALUES,
} from "../../../../common/test-support/nasty-json.ts";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import { parseEvent } from "./parse-event.ts";
import { eventFrame, eventJson } from "./sse-frame.ts";

const EVENT = {
  type: "preferences",
  sessionId: "s",
  epoch: "abc",
  seq: 1,
  total: 0,
  instance: "server-1",
  intendedMs: 1,
  publishedMs: 1.5,
};

/** A message as another program can write it, with the value in the payload. */
const message = (value: string | Buffer): string =>
  `{"event" : ${JSON.stringify(EVENT).slice(0, -1)}, "payload": {"v":${value.toString()}}}}`;

const read = (text: string): ReturnType<typeof parseEvent> =>
  parseEvent((parseJson(text) as { event?: unknown } | undefined)?.event, text);

/** Events may be a little deeper than bodies. */
const texts = Object.entries(REFUSED_VALUES).filter(
  ([what, value]) => typeof value === "string" && what !== "101 levels",
);

test.each(texts)("%s makes it no event", (_what, value) => {
  expect(read(message(value))).toBeUndefined();
});

test.each(Object.entries(CARRIED_VALUES))("takes an event with %s", (_what, value) => {
  expect(read(message(value))).toBeDefined();
});

test.each([
  { type: "made-up" },
  { type: "toString" },
  { sessionId: 7 },
  { epoch: "a\nb" },
  { seq: 1.5 },
  { seq: 1e308 },
  { seq: -1 },
  { total: -1 },
  { instance: null },
  { intendedMs: "1" },
  { publishedMs: null },
  { payload: null },
  { payload: "text" },
])("takes no event with %o", (wrong) => {
  expect(parseEvent({ ...EVENT, payload: {}, ...wrong })).toBeUndefined();
  expect(parseEvent({ ...EVENT, payload: {} })).toBeDefined();
});

test("a value without a text that is too deep is no event, and the frame before stays its own", () => {
  const good = parseEvent({ ...EVENT, payload: { text: "before" } });
  const deep = { ...EVENT, payload: { v: parseJson("[".repeat(6000) + "]".repeat(6000)) } };
  expect(good).toBeDefined();
  expect(parseEvent(deep)).toBeUndefined();
  // A failed event must never be answered with the JSON of the one before it. How deep JSON may be
  // depends on the version of Node.js.
  const failing = {
    ...EVENT,
    payload: {
      toJSON: () => {
        throw new RangeError("too deep");
      },
    },
  };
  expect(() => eventJson(failing as never)).toThrow(RangeError);
  expect(() => eventJson(failing as never)).toThrow(RangeError);
});

test("whatever the broker sends, it is dropped or reaches the stream unchanged", () => {
  fc.assert(
    fc.property(nastyJson, fc.boolean(), (value, isWhole) => {
      const text = isWhole ? value.toString() : message(value);
      const event = read(text);
      if (event === undefined) return;
      const frame = eventFrame(event);
      const data = frame.slice(frame.indexOf("data: ") + "data: ".length, -"\n\n".length);
      const sent = meaningOf(text.slice(text.indexOf(":") + 1, -1));
      expect(meaningOf(data)).toBe(sent);
    }),
    fuzzing(1000),
  );
});
