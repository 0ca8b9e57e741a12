import { expect, test } from "vitest";
import { realtimeUrlProblems } from "./config-rules.ts";

test.each([
  ["https://abc.supabase.co/realtime/v1", []],
  ["ws://host:4000/socket/", []],
  ["supabase", ["syntax"]],
  ["redis://host/socket", ["scheme"]],
  ["http://me:pass@host/socket", ["credentials"]],
  ["http://me@host/socket?apikey=abc#top", ["credentials", "query", "fragment"]],
  ["https://abc.supabase.co", ["no-path"]],
  ["https://abc.supabase.co//", ["no-path"]],
  ["ws://host:4000/socket/websocket", ["websocket-path"]],
])("%s has the problems %j", (url, problems) => {
  expect(realtimeUrlProblems(url)).toEqual(problems);
});
