import { expect, test } from "vitest";
import { httpBaseOf, httpUrlOf, webSocketUrlOf } from "./urls.ts";

test.each([
  ["http://127.0.0.1:4000/socket", "http://127.0.0.1:4000", "ws://127.0.0.1:4000/socket"],
  ["http://realtime:4000/socket/", "http://realtime:4000", "ws://realtime:4000/socket"],
  ["ws://realtime:4000/socket", "http://realtime:4000", "ws://realtime:4000/socket"],
  [
    "https://abc.supabase.co/realtime/v1",
    "https://abc.supabase.co/realtime/v1",
    "wss://abc.supabase.co/realtime/v1",
  ],
  [
    "wss://abc.supabase.co/realtime/v1/",
    "https://abc.supabase.co/realtime/v1",
    "wss://abc.supabase.co/realtime/v1",
  ],
])("derives both addresses from %s", (url, http, socket) => {
  expect(httpBaseOf(url)).toBe(http);
  expect(webSocketUrlOf(url)).toBe(socket);
  expect(httpUrlOf(url)).toBe(socket.replace("ws", "http"));
});
