import { expect, test } from "vitest";
import { isRefusal, wireEnd, type CloseEvent } from "./wire-end.ts";

const REFUSED = "dial tcp 127.0.0.1:1: connect: connection refused";

test.each<[string | undefined, CloseEvent, string, boolean]>([
  [undefined, { code: 1000, reason: "" }, "socket closed: 1000", true],
  [undefined, { code: 1001, reason: "bye" }, "socket closed: 1001 (bye)", true],
  // Without parentheses: Go's client has no name for these.
  ["websocket: close 1012", { code: 1012, reason: "" }, "socket closed: 1012", true],
  [
    "websocket: close 4000: over",
    { code: 4000, reason: "over" },
    "socket closed: 4000 (over)",
    true,
  ],
  ["websocket: close 1005 (no status)", { code: 1005, reason: "" }, "socket closed: 1005", true],
  [
    "websocket: close 1006 (abnormal closure): unexpected EOF",
    { code: 1006, reason: "unexpected EOF" },
    "socket closed: 1006",
    false,
  ],
  // A reset connection.
  [undefined, { reason: "" }, "socket closed: 1006", false],
  [REFUSED, { reason: "" }, REFUSED, false],
  [
    "write tcp 127.0.0.1:5->127.0.0.1:1: broken pipe",
    {},
    "write tcp 127.0.0.1:1: broken pipe",
    false,
  ],
])("error %s with close %j is %s, in order: %s", (error, close, reason, ended) => {
  expect(wireEnd(error, close)).toEqual({ status: 0, reason, ended });
});

test("a refused handshake is told from no answer at all", () => {
  expect(isRefusal("websocket: bad handshake")).toBe(true);
  expect(isRefusal(REFUSED)).toBe(false);
  expect(isRefusal(undefined)).toBe(false);
});
