import { expect, test } from "vitest";
import { jwtSecretProblem, realtimeUrlProblems } from "./config-rules.ts";

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

test.each([
  ["-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIGhunter2hunter2hunter2", "is a PEM key"],
  ['{"kty":"EC","crv":"P-256","x":"hunter2hunter2hunter2"}', "is a JSON Web Key"],
  ['{"keys":[{"kty":"EC","x":"hunter2hunter2hunter2"}]}', "is a JSON Web Key"],
  ["https://hunter2.supabase.co/auth/v1/.well-known/jwks.json", "is an address"],
  ["eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.hunter2hunter2", "is a token"],
  ["sb_secret_hunter2hunter2hunter2hunter2", "is an API key"],
  ["hunter2hunter2hunter2hunter2hunter2\n", "ends with a blank"],
  ["hunter2", "has 7 characters"],
])("refuses %j as a secret for HS256, since it %s", (secret, problem) => {
  expect(jwtSecretProblem(secret)).toContain(problem);
  expect(jwtSecretProblem(secret)).not.toContain("hunter2");
});

test("takes a random secret, whatever its first character is", () => {
  for (const first of ["{", "[", "-", "e"])
    expect(jwtSecretProblem(first + "0".repeat(40))).toBeUndefined();
});
