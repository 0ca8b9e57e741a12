import { expect, test } from "vitest";
import { ConfigError, readConfig } from "./config.ts";

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
  const { problems } = errorOf({ SESSION_SECRET: SECRET, FF_REDIS_SSE_BROADCAST: "true", PORT: "-1" });
  expect(problems.map(({ variable }) => variable).sort()).toEqual(["FF_REDIS_SSE_BROADCAST", "PORT"]);
  expect(
    readConfig({ SESSION_SECRET: SECRET, FF_REDIS_SSE_BROADCAST: "true", REDIS_URL: "redis://127.0.0.1:1" }),
  ).toMatchObject({ FF_REDIS_SSE_BROADCAST: true });
});

test.each(["http://127.0.0.1", "127.0.0.1:6379", "redis://"])("refuses %s as a Redis URL", (url) => {
  expect(errorOf({ SESSION_SECRET: SECRET, REDIS_URL: url }).problems[0]?.variable).toBe("REDIS_URL");
});

test("never repeats a secret", () => {
  const { message } = errorOf({ SESSION_SECRET: "hunter2", REDIS_URL: "http://:hunter2@host" });
  expect(message).not.toContain("hunter2");
});

test("treats an empty variable as not set", () => {
  expect(readConfig({ SESSION_SECRET: SECRET, REDIS_URL: "", PORT: "" }).PORT).toBe(3000);
});
