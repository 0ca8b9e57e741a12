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

test.each([
  [{ REALTIME_URL: "" }, ["REALTIME_URL"]],
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
