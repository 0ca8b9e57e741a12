import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  containing,
  mapStrings,
  matches,
  matching,
  oneOf,
  type Pattern,
  showPattern,
} from "./pattern.ts";

const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Pattern);

describe("a literal", () => {
  it("matches itself", () => {
    fc.assert(
      fc.property(json, (value) => matches(value, JSON.parse(JSON.stringify(value)) as unknown)),
    );
  });

  it("matches nothing else", () => {
    fc.assert(
      fc.property(
        json,
        json,
        (one, other) => matches(one, other) === (canonical(one) === canonical(other)),
      ),
    );
  });

  it("does not match an object with other keys, or a list of another length", () => {
    expect(matches({ a: 1 }, { a: 1, b: 2 })).toBe(false);
    expect(matches({ a: 1, b: 2 }, { a: 1 })).toBe(false);
    expect(matches([1], [1, 2])).toBe(false);
    expect(matches([1, 2], [1])).toBe(false);
    expect(matches({}, [])).toBe(false);
    expect(matches([], {})).toBe(false);
    expect(matches({}, null)).toBe(false);
  });
});

it("a mark describes what it accepts, and mapStrings changes its strings", () => {
  const pattern: Pattern = {
    one: oneOf("<topic>", null),
    some: containing({ at: "<topic>" }),
    like: matching(/^\d+ s$/),
  };
  expect(showPattern(pattern)).toBe(
    '{"one":"<topic>" or null,"some":<an object with {"at":"<topic>"}>,"like":/^\\d+ s$/}',
  );
  const filled = mapStrings(pattern, (text) => text.replace("<topic>", "t"));
  const seen = { one: "t", some: { at: "t", more: 1 }, like: "12 s" };
  expect(matches(filled, seen)).toBe(true);
  expect(matches(pattern, seen)).toBe(false);
  for (const wrong of [{ one: "u" }, { some: { at: "u" } }, { like: "soon" }])
    expect(matches(filled, { ...seen, ...wrong })).toBe(false);
});

/** JSON with sorted keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
