import { describe, expect, test } from "vitest";
import { mayAccess } from "./policy.ts";

const exp = 4_000_000_000;
const mine = { role: "sse_page", exp, sse_session: "s1" };

describe("the lab's channel policy", () => {
  test.each([
    ["service_role reads", { role: "service_role", exp }, "anything", "read", true],
    ["service_role writes", { role: "service_role", exp }, "sse:session:s1", "write", true],
    ["a session reads its own channel", mine, "sse:session:s1", "read", true],
    ["a session does not write its own channel", mine, "sse:session:s1", "write", false],
    ["a session does not read another channel", mine, "sse:session:s2", "read", false],
    [
      "a session does not read a topic with the same prefix",
      mine,
      "sse:session:s1:more",
      "read",
      false,
    ],
    ["a session does not read a topic of another kind", mine, "s1", "read", false],
    [
      "a token without a session reads nothing",
      { role: "sse_page", exp },
      "sse:session:undefined",
      "read",
      false,
    ],
    [
      "another role reads nothing",
      { ...mine, role: "authenticated" },
      "sse:session:s1",
      "read",
      false,
    ],
    ["anon reads nothing", { ...mine, role: "anon" }, "sse:session:s1", "read", false],
    [
      "a role that is not text reads nothing",
      { ...mine, role: ["service_role"] },
      "sse:session:s1",
      "read",
      false,
    ],
  ] as const)("%s", (_name, claims, topic, action, allowed) => {
    expect(mayAccess(claims, topic, action)).toBe(allowed);
  });
});
