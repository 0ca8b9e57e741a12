import { describe, expect, it } from "vitest";
import { checkTarget, isLoopback } from "./target-url.ts";

const small = { sessions: 10, rate: 5 };
const mine = { isMine: true };

describe("a target", () => {
  it.each([
    ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
    ["http://localhost:3000/app/", "http://localhost:3000/app"],
    ["http://[::1]:3000", "http://[::1]:3000"],
  ])("on this host may be loaded as hard as the host can: %s", (given, url) => {
    expect(checkTarget(given, { sessions: 9_999, rate: 50 }, { isMine: false })).toBe(url);
  });

  it.each(["https://example.com", "http://127.0.0.1.example.com", "http://10.0.0.1:80"])(
    "elsewhere is refused, unless the user owns it: %s",
    (url) => {
      expect(isLoopback(new URL(url))).toBe(false);
      expect(() => checkTarget(url, small, { isMine: false })).toThrow(/--target .*not this host/);
      expect(checkTarget(url, small, mine)).toBe(new URL(url).href.replace(/\/$/, ""));
    },
  );

  it("has ceilings that are raised by name", () => {
    const url = "https://example.com";
    expect(() => checkTarget(url, { sessions: 51, rate: 1 }, mine)).toThrow(
      "--sessions is 51, above the ceiling of 50 for example.com",
    );
    expect(() => checkTarget(url, { sessions: 50, rate: 6 }, mine)).toThrow(
      "--sessions times --rate is 300, above the ceiling of 250 for example.com",
    );
    const raised = { ...mine, maxSessions: 100, maxRate: 600 };
    expect(checkTarget(url, { sessions: 100, rate: 6 }, raised)).toBe(url);
  });

  it.each(["example.com", "ftp://example.com", "https://a:b@example.com", "http://localhost/?a=b"])(
    "is a plain URL of a web server: %s",
    (url) => expect(() => checkTarget(url, small, mine)).toThrow("--target"),
  );
});
