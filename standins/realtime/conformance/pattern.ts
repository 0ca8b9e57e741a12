/** The expectations of a case, as data: exact JSON, with marks for the parts that may vary. */

const LONGEST = 600;

/** A step of a case whose result differs from the notes. */
export class Mismatch extends Error {
  override name = "Mismatch";
  readonly expected: string;
  readonly seen: string;

  constructor(expected: string, seen: string) {
    super(`expected ${expected}, seen ${seen}`);
    this.expected = expected;
    this.seen = seen;
  }
}

/** A value as JSON, short enough for one line. */
export function show(seen: unknown): string {
  const text = (JSON.stringify(seen) as string | undefined) ?? String(seen);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}... (${text.length} characters)` : text;
}

const MARK = Symbol("pattern");

interface Mark {
  readonly [MARK]: true;
  /** The text in a failure. */
  readonly text: string;
  readonly accepts: (seen: unknown) => boolean;
  /** A mark that contains patterns returns itself with its strings changed. */
  readonly mapped?: (change: (text: string) => string) => Mark;
}

/** Literals match exactly: an object with any other key does not match. */
export type Pattern =
  | null
  | boolean
  | number
  | string
  | Mark
  | readonly Pattern[]
  | { readonly [key: string]: Pattern };

const mark = (text: string, accepts: Mark["accepts"], mapped?: Mark["mapped"]): Mark => ({
  [MARK]: true,
  text,
  accepts,
  ...(mapped && { mapped }),
});

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
    (seen) =>
      isObject(seen) && Object.entries(keys).every(([key, pattern]) => matches(pattern, seen[key])),
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

/** The pattern as one line of JSON, with the marks in words. */
export function showPattern(pattern: Pattern): string {
  if (isMark(pattern)) return pattern.text;
  if (pattern === null || typeof pattern !== "object") return JSON.stringify(pattern);
  if (isList(pattern)) return `[${pattern.map(showPattern).join(",")}]`;
  return `{${Object.entries(pattern)
    .map(([key, value]) => `${JSON.stringify(key)}:${showPattern(value)}`)
    .join(",")}}`;
}

/** Changes every string of a piece of data, including keys and patterns. */
export function mapStrings<T>(data: T, change: (text: string) => string): T {
  const map = (value: unknown): unknown => {
    if (typeof value === "string") return change(value);
    if (
      value instanceof Uint8Array ||
      value instanceof RegExp ||
      typeof value !== "object" ||
      value === null
    )
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
