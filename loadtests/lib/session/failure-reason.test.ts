import { expect, test } from "vitest";
import { failureReason } from "./failure-reason.ts";

const REFUSED = "dial tcp 127.0.0.1:1: connect: connection refused";
const RESET = "read tcp 10.0.0.1:80: read: connection reset by peer";

test.each([
  [`Get "http://127.0.0.1:1/events?token=SECRET": ${REFUSED}`, REFUSED],
  [`Get "http://host/\\"quoted\\"?apikey=SECRET": EOF`, "EOF"],
  [REFUSED, REFUSED],
  ["read tcp 127.0.0.1:53212->10.0.0.1:80: read: connection reset by peer", RESET],
  [
    'Get "http://a/?token=SECRET": read tcp 127.0.0.1:5->10.0.0.1:80: read: connection reset by peer',
    RESET,
  ],
])("of %j nothing is kept that only this session has", (error, reason) => {
  expect(failureReason(error)).toBe(reason);
});
