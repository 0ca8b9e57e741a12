import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CARRIED_VALUES,
  fuzzing,
  meaningOf,
  nastyJson,
  REFUSED_VALUES,
} from "../test-support/nasty-json.ts";
import { jsonFault } from "./json-fault.ts";
import { parseJson } from "./parse-json.ts";

const LOSSLESS = { maxDepth: 100, lossless: true };
const texts = Object.entries(REFUSED_VALUES).filter(([, text]) => typeof text === "string");

test.each(texts)("finds %s", (_what, text) => {
  expect(jsonFault(String(text), LOSSLESS)).toMatch(/^(has|is) .+/);
});

test.each(Object.entries(CARRIED_VALUES))("finds nothing wrong with %s", (_what, text) => {
  expect(jsonFault(text, LOSSLESS)).toBeUndefined();
});

test("counts levels up to the limit and not beyond it", () => {
  const nested = (depth: number): string => '{"a":'.repeat(depth) + "1" + "}".repeat(depth);
  expect(jsonFault(nested(3), { maxDepth: 3, lossless: true })).toBeUndefined();
  expect(jsonFault(nested(4), { maxDepth: 3, lossless: true })).toContain("deeper than 3 levels");
  expect(
    jsonFault("[" + nested(1) + "]".repeat(1), { maxDepth: 2, lossless: true }),
  ).toBeUndefined();
});

test("names the number and what becomes of it", () => {
  expect(jsonFault('{"id":9007199254740993}', LOSSLESS)).toBe(
    "has the number 9007199254740993, which arrives as 9007199254740992; send it as text",
  );
});

test("without the rule for losses, finds what another reader refuses", () => {
  const rules = { maxDepth: 100, lossless: false };
  for (const text of ["9007199254740993", "-0", "1e-400", '{"a":1,"a":2}', '{"__proto__":1}'])
    expect(jsonFault(text, rules), text).toBeUndefined();
  for (const text of ["1e400", '"\\ud83d"', '{"\\ude00":1}'])
    expect(jsonFault(text, rules), text).toBeDefined();
});

test("a text without a fault survives a parse and a rewrite unchanged", () => {
  fc.assert(
    fc.property(nastyJson, (bytes) => {
      const text = bytes.toString();
      const json = parseJson(text);
      if (json === undefined || jsonFault(text, LOSSLESS) !== undefined) return;
      expect(meaningOf(JSON.stringify(json))).toBe(meaningOf(text));
    }),
    fuzzing(2000),
  );
});

test("a text with a fault is changed by a parse and a rewrite, or is too deep", () => {
  fc.assert(
    fc.property(nastyJson, (bytes) => {
      const text = bytes.toString();
      const json = parseJson(text);
      const fault = json === undefined ? undefined : jsonFault(text, LOSSLESS);
      // Half a surrogate pair survives here; the next program refuses it.
      if (fault === undefined || /deeper|surrogate|__proto__/.test(fault)) return;
      expect(meaningOf(JSON.stringify(json))).not.toBe(meaningOf(text));
    }),
    fuzzing(2000),
  );
});
