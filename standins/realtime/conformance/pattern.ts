/** What a case expects, as data: JSON compared exactly, with a few marks for what may vary. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const MARK = Symbol("pattern");

interface Mark {
  readonly [MARK]: true;
  /** As a failure shows it. */
  readonly text: string;
  readonly accepts: (seen: unknown) => boolean;
  /** The same with its strings changed, where it is made of patterns itself. */
  readonly mapped?: (change: (text: string) => string) => Mark;
}

/** A literal, exactly: an object with another key than these does not match. */
export type Pattern =
  null | boolean | number | string | Mark | readonly Pattern[] | { readonly [key: string]: Pattern };

const mark = (text: string, accepts: Mark["accepts"], mapped?: Mark["mapped"]): Mark => ({
  [MARK]: true,
  text,
  accepts,
  ...(mapped && { mapped }),
});

export const anything: Mark = mark("<anything>", () => true);
export const anyString: Mark = mark("<a string>", (seen) => typeof seen === "string");
export const anyInteger: Mark = mark("<an integer>", (seen) => Number.isInteger(seen));
export const matching = (pattern: RegExp): Mark =>
  mark(String(pattern), (seen) => typeof seen === "string" && pattern.test(seen));
export const oneOf = (...patterns: readonly Pattern[]): Mark =>
  mark(
    patterns.map(showPattern).join(" or "),
    (seen) => patterns.some((pattern) => matches(pattern, seen)),
    (change) => oneOf(...mapStrings(patterns, change)),
  );
/** An object with at least these keys. */
export const containing = (keys: Readonly<Record<string, Pattern>>): Mark =>
  mark(
    `<an object with ${showPattern(keys)}>`,
    (seen) => isObject(seen) && Object.entries(keys).every(([key, pattern]) => matches(pattern, seen[key])),
    (change) => containing(mapStrings(keys, change)),
  );

export function matches(pattern: Pattern, seen: unknown): boolean {
  if (isMark(pattern)) return pattern.accepts(seen);
  if (pattern === null || typeof pattern !== "object") return Object.is(pattern, seen);
  if (isList(pattern))
    return (
      Array.isArray(seen) &&
      seen.length === pattern.length &&
      pattern.every((item, index) => matches(item, seen[index]))
    );
  if (!isObject(seen)) return false;
  const wanted = Object.keys(pattern);
  return (
    wanted.length === Object.keys(seen).length &&
    wanted.every((key) => Object.hasOwn(seen, key) && matches(pattern[key] as Pattern, seen[key]))
  );
}

/** One line, as JSON with the marks in words. */
export function showPattern(pattern: Pattern): string {
  if (isMark(pattern)) return pattern.text;
  if (pattern === null || typeof pattern !== "object") return JSON.stringify(pattern);
  if (isList(pattern)) return `[${pattern.map(showPattern).join(",")}]`;
  return `{${Object.entries(pattern)
    .map(([key, value]) => `${JSON.stringify(key)}:${showPattern(value)}`)
    .join(",")}}`;
}

/** Replaces text in every string of a piece of data, keys and patterns included. */
export function mapStrings<T>(data: T, change: (text: string) => string): T {
  const map = (value: unknown): unknown => {
    if (typeof value === "string") return change(value);
    if (value instanceof Uint8Array || value instanceof RegExp || typeof value !== "object" || value === null)
      return value;
    if (isMark(value)) return value.mapped?.(change) ?? value;
    if (Array.isArray(value)) return value.map(map);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [change(key), map(item)]));
  };
  return map(data) as T;
}

const isMark = (pattern: unknown): pattern is Mark =>
  typeof pattern === "object" && pattern !== null && MARK in pattern;
const isList = (pattern: Pattern): pattern is readonly Pattern[] => Array.isArray(pattern);
const isObject = (seen: unknown): seen is Record<string, unknown> =>
  typeof seen === "object" && seen !== null && !Array.isArray(seen);
