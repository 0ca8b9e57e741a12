import { describe, expect, it } from "vitest";
import { mintRealtimeKeys } from "../../infra/realtime/realtime-keys.ts";
import { asksForHosted, hostedRealtime } from "./hosted-realtime.ts";

const secret = "a-secret-of-forty-characters-or-even-more";
const { serviceKey, anonKey } = await mintRealtimeKeys(secret);
const whole = {
  REALTIME_URL: "https://abcdefghij.supabase.co/realtime/v1",
  REALTIME_KEY: serviceKey,
  REALTIME_JWT_SECRET: secret,
  REALTIME_ANON_KEY: anonKey,
};

const claims = (value: object): string =>
  `x.${Buffer.from(JSON.stringify(value)).toString("base64url")}.${"s".repeat(43)}`;

const problemOf = (change: Record<string, string | undefined>): string => {
  try {
    hostedRealtime({ ...whole, ...change });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

describe("a hosted Realtime", () => {
  it("is none where no variable of it is set", () => {
    expect(hostedRealtime({ PATH: "/bin", REALTIME_URL: "" })).toBeUndefined();
    expect(asksForHosted({ PATH: "/bin" })).toBe(false);
  });

  it("is taken from the environment, as realtime-js takes the address", () => {
    expect(hostedRealtime(whole)).toEqual({
      url: whole.REALTIME_URL,
      serviceKey,
      jwtSecret: secret,
      anonKey,
    });
    expect(
      hostedRealtime({ ...whole, REALTIME_URL: "ws://host:4000/socket/", REALTIME_ANON_KEY: "" }),
    ).toEqual({ url: "http://host:4000/socket", serviceKey, jwtSecret: secret });
    expect(hostedRealtime({ ...whole, REALTIME_KEY: "sb_secret_abc" })?.serviceKey).toBe(
      "sb_secret_abc",
    );
  });

  it.each<[Record<string, string | undefined>, string]>([
    [
      { REALTIME_URL: undefined },
      "REALTIME_URL is not set: give https://<ref>.supabase.co/realtime/v1",
    ],
    [{ REALTIME_KEY: undefined }, "REALTIME_KEY is not set: give the project's service-role key"],
    [{ REALTIME_JWT_SECRET: "" }, "REALTIME_JWT_SECRET is not set: give the project's JWT secret"],
    [{ REALTIME_URL: "supabase" }, "REALTIME_URL is no URL: give https://"],
    [{ REALTIME_URL: "redis://host/socket" }, "REALTIME_URL has the scheme redis://"],
    [{ REALTIME_URL: "https://abc.supabase.co" }, "REALTIME_URL has no path"],
    [{ REALTIME_URL: "ws://host:4000/socket/websocket" }, "REALTIME_URL ends in /websocket"],
    [{ REALTIME_URL: "http://me:pass@host/socket" }, "REALTIME_URL holds credentials"],
    [{ REALTIME_URL: "http://host/socket?apikey=abc" }, "REALTIME_URL holds a query"],
    [
      { REALTIME_KEY: "secret-key" },
      "REALTIME_KEY is no JWT with a role: give the project's service-role key",
    ],
    [{ REALTIME_KEY: anonKey }, 'REALTIME_KEY is of role "anon", which may not publish'],
    [{ REALTIME_KEY: "sb_publishable_abc" }, "REALTIME_KEY is a publishable key"],
    [
      { REALTIME_KEY: claims({ role: "service_role", exp: 1 }) },
      "REALTIME_KEY expired at 1970-01-01T00:00:01.000Z: give a newer one",
    ],
    [
      { REALTIME_JWT_SECRET: "short" },
      "REALTIME_JWT_SECRET has 5 characters: a secret for HS256 has 32 or more",
    ],
  ])(
    "is refused by the variable's name, with the fix, and shows no secret: %j",
    (change, message) => {
      const problem = problemOf(change);
      expect(problem).toContain(message);
      expect(problem.split("\n")).toHaveLength(1);
      for (const hidden of [
        secret,
        serviceKey,
        anonKey,
        "secret-key",
        "pass@",
        "apikey=abc",
        "sb_publishable_abc",
      ]) {
        expect(problem).not.toContain(hidden);
      }
    },
  );

  it("names every problem at once", () => {
    const problem = problemOf({ REALTIME_KEY: undefined, REALTIME_JWT_SECRET: undefined });
    expect(problem.split("\n")).toHaveLength(2);
  });
});
