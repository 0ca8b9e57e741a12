import { expect, test } from "vitest";
import { limitIn, type RealtimeLimit } from "./limit-texts.ts";

test.each<[string, RealtimeLimit | undefined, RealtimeLimit | undefined]>([
  ["ChannelRateLimitReached: Too many channels", "channels", "channels"],
  ["ConnectionRateLimitReached: Too many connected users", "users", "users"],
  ["ClientJoinRateLimitReached: Too many joins per second", "joins", "joins"],
  ["Too many messages per second", "messages", "messages"],
  ["channel closed: Too many messages per second", "messages", undefined],
  ["Too many presence messages per second", undefined, "messages"],
  ["Too many connected users", "users", undefined],
  ["Too many joins per second", "joins", undefined],
  ["Too many channels", "channels", undefined],
  ["Unexpected server response: 429", "unnamed", undefined],
  ["status 4290", undefined, undefined],
  ["Client rate limit exceeded", undefined, "unnamed"],
  ["DatabaseConnectionRateLimitReached: no connections left", undefined, undefined],
  ["socket hang up", undefined, undefined],
])("%s: %s for a publisher, %s for a subscriber", (text, publisher, subscriber) => {
  expect(limitIn("publisher", text)).toBe(publisher);
  expect(limitIn("subscriber", text)).toBe(subscriber);
});
