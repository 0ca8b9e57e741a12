import { expect, test } from "vitest";
import { isRefusal, wireEnd } from "./wire-end.ts";

test.each([
  [undefined, { reason: "socket closed", ended: true }],
  ["websocket: close 1001 (going away)", { reason: "socket closed: 1001", ended: true }],
  [
    "websocket: close 1012 (service restart): bye",
    { reason: "socket closed: 1012 (bye)", ended: true },
  ],
  [
    "websocket: close 1006 (abnormal closure): unexpected EOF",
    { reason: "socket closed: 1006", ended: false },
  ],
  [
    "dial tcp 127.0.0.1:1: connect: connection refused",
    { reason: "dial tcp 127.0.0.1:1: connect: connection refused", ended: false },
  ],
])("%s", (error, end) => {
  expect(wireEnd(error)).toEqual({ status: 0, ...end });
});

test("a refused handshake is told from no answer at all", () => {
  expect(isRefusal("websocket: bad handshake")).toBe(true);
  expect(isRefusal("dial tcp 127.0.0.1:1: connect: connection refused")).toBe(false);
  expect(isRefusal(undefined)).toBe(false);
});
