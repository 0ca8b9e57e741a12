import { expect, test } from "vitest";
import { ConfigError } from "../../common/environment.ts";
import { readConfig } from "./config.ts";

const SECRET = "0123456789abcdef0123456789abcdef";

function errorOf(environment: Record<string, string>): ConfigError {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error("the environment was accepted");
}

test("needs nothing but a secret", () => {
  expect(readConfig({ SESSION_SECRET: SECRET })).toMatchObject({
    HOST: "127.0.0.1",
    FF_REDIS_SSE_BROADCAST: false,
    HEARTBEAT_MS: 15_000,
    RETRY_MS: 1000,
    MAX_STREAM_BUFFER_BYTES: 1_048_576,
  });
});

test("names every problem at once, with value and fix", () => {
  const { problems, message } = errorOf({
    PORT: "65536",
    HEARTBEAT_MS: "soon",
    FF_REDIS_SSE_BROADCAST: "yes",
    INSTANCE: "a/b",
  });
  expect(problems.map(({ variable }) => variable).sort()).toEqual(
    ["FF_REDIS_SSE_BROADCAST", "HEARTBEAT_MS", "INSTANCE", "PORT", "SESSION_SECRET"].sort(),
  );
  expect(message.split("\n")).toHaveLength(5);
  expect(message).toContain('PORT="65536": must be a whole number from 0 to 65535');
  expect(message).toMatch(/SESSION_SECRET=\(not set\): is not set; set the same one/);
});

test("takes the broadcast flag with a Redis only, even beside other problems", () => {
  const { problems } = errorOf({
    SESSION_SECRET: SECRET,
    FF_REDIS_SSE_BROADCAST: "true",
    PORT: "-1",
  });
  expect(problems.map(({ variable }) => variable).sort()).toEqual([
    "FF_REDIS_SSE_BROADCAST",
    "PORT",
  ]);
  expect(
    readConfig({
      SESSION_SECRET: SECRET,
      FF_REDIS_SSE_BROADCAST: "true",
      REDIS_URL: "redis://127.0.0.1:1",
    }),
  ).toMatchObject({ FF_REDIS_SSE_BROADCAST: true });
});

test.each(["http://127.0.0.1", "127.0.0.1:6379", "redis://"])(
  "refuses %s as a Redis URL",
  (url) => {
    expect(errorOf({ SESSION_SECRET: SECRET, REDIS_URL: url }).problems[0]?.variable).toBe(
      "REDIS_URL",
    );
  },
);

test.each([
  ["redis://:50%hunter2@h", "%25"],
  ["redis://:p%FFhunter2@h", "%25"],
  ["redis://:p@ss#hunter2@h", "%23"],
  ["redis://:hunter2@h#", "%23"],
  [" redis://:hunter2@h", "blank"],
  ["redis://:hunter2@h\n", "blank"],
  ["redis://:hun ter2@h", "blank"],
  ["redis://:a/hunter2@h", "%2F"],
  ["redis://u/hunter2@h", "%2F"],
  ["redis://:x?hunter2@h", "%3F"],
  ["redis://x?hunter2@h", "%3F"],
  ["redis://h/abc", "%2F"],
  ["redis://h/1/2", "%2F"],
  ["redis://h?tls=true", "family"],
  ["redis://hunter2@h", "redis://:password@host"],
  ["redis://h1:1,h2:2", "is no URL"],
])("refuses REDIS_URL %j with the fix, and repeats no part of it", (url, fix) => {
  const { problems, message } = errorOf({ SESSION_SECRET: SECRET, REDIS_URL: url });
  expect(problems).toMatchObject([{ variable: "REDIS_URL", value: "(hidden)" }]);
  expect(message).toContain(fix);
  expect(message).not.toMatch(/hunter2|abc|h1|h2|tls=/);
});

test.each([
  ["redis://h", { host: "h", port: 6379, db: 0, tls: false, family: 0 }],
  ["Redis://h/", { host: "h", port: 6379, db: 0, tls: false, family: 0 }],
  ["REDISS://:a%2Fb%3D@h:1/15", { host: "h", port: 1, password: "a/b=", db: 15, tls: true }],
  ["rediss://u:p%25%23@[::1]:7?protocol=2", { host: "::1", port: 7, username: "u", tls: true }],
  ["redis://:p@ss@h", { host: "h", password: "p@ss" }],
  ["redis://h?family=6", { family: 6 }],
])("reads REDIS_URL %s as it is meant", (url, address) => {
  expect(readConfig({ SESSION_SECRET: SECRET, REDIS_URL: url }).REDIS_URL).toMatchObject(address);
});

test("never repeats a secret", () => {
  const { message } = errorOf({ SESSION_SECRET: "hunter2", REDIS_URL: "http://:hunter2@host" });
  expect(message).not.toContain("hunter2");
});

test("treats an empty variable as not set", () => {
  expect(readConfig({ SESSION_SECRET: SECRET, REDIS_URL: "", PORT: "" }).PORT).toBe(3000);
});

const REALTIME = {
  SESSION_SECRET: SECRET,
  FF_SUPABASE_SSE_BROADCAST: "true",
  REALTIME_URL: "http://127.0.0.1:4000/socket",
  REALTIME_KEY: "header.claims.signature",
  REALTIME_JWT_SECRET: SECRET,
};

test("takes Supabase Realtime with its address and keys", () => {
  expect(readConfig(REALTIME)).toMatchObject({
    FF_SUPABASE_SSE_BROADCAST: true,
    REALTIME_PUBLISH: "http",
    REALTIME_TOKEN_TTL_S: 300,
    REALTIME_QUEUE_BYTES: 16_777_216,
    FF_SSE_EVENT_LOG: false,
  });
});

test("hands on one form of an address", () => {
  expect(readConfig({ ...REALTIME, REALTIME_URL: "HTTP://HOST:4000/socket" }).REALTIME_URL).toBe(
    "http://host:4000/socket",
  );
});

test.each([
  [{ REALTIME_URL: "" }, ["REALTIME_URL"]],
  [{ REALTIME_URL: " http://hunter2/socket" }, ["REALTIME_URL"]],
  [{ REALTIME_URL: "http://host/hunter2#" }, ["REALTIME_URL"]],
  [{ REALTIME_PUBLIC_URL: "http://host/50%hunter2" }, ["REALTIME_PUBLIC_URL"]],
  [
    { REALTIME_URL: "", REALTIME_KEY: "", REALTIME_JWT_SECRET: "" },
    ["REALTIME_URL", "REALTIME_KEY", "REALTIME_JWT_SECRET"],
  ],
  [
    { FF_REDIS_SSE_BROADCAST: "true", REDIS_URL: "redis://127.0.0.1" },
    ["FF_SUPABASE_SSE_BROADCAST"],
  ],
  [{ FF_SSE_EVENT_LOG: "true" }, ["FF_SSE_EVENT_LOG"]],
  [
    { FF_SSE_EVENT_LOG: "true", REDIS_URL: "redis://127.0.0.1", FF_SUPABASE_SSE_BROADCAST: "" },
    ["FF_SSE_EVENT_LOG"],
  ],
  [{ REALTIME_JWT_SECRET: "hunter2" }, ["REALTIME_JWT_SECRET"]],
  [{ REALTIME_KEY: "hunter2\nx: y" }, ["REALTIME_KEY"]],
  [{ REALTIME_ANON_KEY: "hunter2 " }, ["REALTIME_ANON_KEY"]],
  [{ REALTIME_URL: "http://me:hunter2@host/socket" }, ["REALTIME_URL"]],
  [{ REALTIME_URL: "http://host/socket?apikey=hunter2" }, ["REALTIME_URL"]],
  [{ REALTIME_PUBLIC_URL: "redis://:hunter2@host" }, ["REALTIME_PUBLIC_URL"]],
  [{ REALTIME_PUBLISH: "smoke" }, ["REALTIME_PUBLISH"]],
  [{ REALTIME_TOKEN_TTL_S: "1" }, ["REALTIME_TOKEN_TTL_S"]],
])(
  "refuses Realtime with %j by name, and repeats no secret",
  (change: Record<string, string>, variables) => {
    const { problems, message } = errorOf({ ...REALTIME, ...change });
    expect([...new Set(problems.map(({ variable }) => variable))]).toEqual(variables);
    expect(message).not.toContain("hunter2");
    for (const { fix } of problems) expect(fix).toMatch(/\w/);
  },
);
