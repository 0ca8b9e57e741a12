import fc from "fast-check";
import { expect, test } from "vitest";
import { SessionTokens } from "./session-token.ts";

const tokens = new SessionTokens("one-secret-that-is-long-enough-0123456789");
const claims = { sessionId: "s", epoch: "e", expiresAt: 1000 };

test("gives back the claims it signed, until they expire", () => {
  const token = tokens.sign(claims);
  expect(tokens.verify(token, 999)).toEqual(claims);
  expect(tokens.verify(token, 1000)).toBeUndefined();
});

test("accepts no token of another secret", () => {
  const other = new SessionTokens("another-secret-that-is-long-enough-0123456");
  expect(tokens.verify(other.sign(claims), 0)).toBeUndefined();
});

test("accepts no token that differs from a genuine one in any single character", () => {
  const token = tokens.sign(claims);
  fc.assert(
    fc.property(
      fc.nat(token.length - 1),
      fc.constantFrom("A", "z", "0", "-", "_", ".", "=", "+", "/", " "),
      (at, character) => {
        fc.pre(token[at] !== character);
        const forged = token.slice(0, at) + character + token.slice(at + 1);
        return tokens.verify(forged, 0) === undefined;
      },
    ),
    { numRuns: 2000 },
  );
});

test("survives any text", () => {
  fc.assert(fc.property(fc.string(), (text) => tokens.verify(text, 0) === undefined));
});
