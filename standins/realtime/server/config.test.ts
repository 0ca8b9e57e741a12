import { expect, test } from "vitest";
import { UserError } from "../../../common/user-error.ts";
import { readConfig } from "./config.ts";

const API_JWT_SECRET = "x".repeat(32);

test("has the image's defaults", () => {
  expect(readConfig({ API_JWT_SECRET, PORT: "" })).toMatchObject({
    PORT: 4000,
    HOST: "127.0.0.1",
    TENANT_MAX_CONCURRENT_USERS: 200,
    TENANT_MAX_EVENTS_PER_SECOND: 100,
    CONNECT_ERROR_BACKOFF_MS: 2000,
    CHANNEL_ERROR_BACKOFF_MS: 5000,
    IDLE_TIMEOUT_MS: 60_000,
    RATE_SAMPLE_MS: 5000,
  });
});

test("takes several names of the tenant", () => {
  const config = readConfig({ API_JWT_SECRET, SELF_HOST_TENANT_NAME: "realtime,127" });
  expect(config.SELF_HOST_TENANT_NAME).toEqual(["realtime", "127"]);
});

test("names every problem at once and shows no secret", () => {
  const read = () =>
    readConfig({
      API_JWT_SECRET: "too-short",
      PORT: "-1",
      SELF_HOST_TENANT_NAME: "a.b",
      TENANT_MAX_JOINS_PER_SECOND: "ten",
    });
  expect(read).toThrow(UserError);
  expect(read).toThrow(/^PORT="-1": must be a whole number from 0 to 65535; /m);
  expect(read).toThrow(
    /^API_JWT_SECRET=\(hidden\): has 9 characters: a secret for HS256 has 32 or more; /m,
  );
  expect(read).toThrow(/^SELF_HOST_TENANT_NAME="a\.b": must be host labels/m);
  expect(read).toThrow(/^TENANT_MAX_JOINS_PER_SECOND="ten": must be a whole number/m);
  expect(read).not.toThrow(/too-short/);
  expect(() => readConfig({})).toThrow(/^API_JWT_SECRET=\(not set\): is not set; /m);
});
