import { describe, expect, test } from "vitest";
import { sessionPolicy } from "./policy.ts";

const exp = 4_000_000_000;
const mine = { role: "authenticated", exp, sse_session: "s1" };

describe("the lab's channel policy", () => {
  test.each([
    ["service_role reads", { role: "service_role", exp }, "anything", "read", true],
    ["service_role writes", { role: "service_role", exp }, "sse:session:s1", "write", true],
    ["a session reads its own channel", mine, "sse:session:s1", "read", true],
    ["and does not write it", mine, "sse:session:s1", "write", false],
    ["nor read another's", mine, "sse:session:s2", "read", false],
    ["nor one whose name begins alike", mine, "sse:session:s1:more", "read", false],
    ["nor a topic of another kind", mine, "s1", "read", false],
    [
      "a token without a session reads nothing",
      { role: "authenticated", exp },
      "sse:session:undefined",
      "read",
      false,
    ],
    ["anon reads nothing", { ...mine, role: "anon" }, "sse:session:s1", "read", false],
    ["a role that is no text is none", { ...mine, role: ["service_role"] }, "sse:session:s1", "read", false],
  ] as const)("%s", (_name, claims, topic, action, allowed) => {
    expect(sessionPolicy(claims, topic, action)).toBe(allowed);
  });
});
