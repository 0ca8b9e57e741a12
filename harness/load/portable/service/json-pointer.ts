import type { Pointer } from "./service-protocol.ts";

/** The reference tokens of a JSON pointer (RFC 6901). */
export type Tokens = readonly string[];

export const tokensOf = (pointer: Pointer): Tokens =>
  pointer
    .slice(1)
    .split("/")
    .map((token) => token.replace(/~1/g, "/").replace(/~0/g, "~"));

/** Undefined if the value has nothing there. */
export function valueAt(value: unknown, tokens: Tokens): unknown {
  let at = value;
  for (const token of tokens) {
    if (typeof at !== "object" || at === null) return undefined;
    if (!Object.prototype.hasOwnProperty.call(at, token)) return undefined;
    at = (at as Record<string, unknown>)[token];
  }
  return at;
}

/** As {@link valueAt}, for what is read once. */
export const readAt = (value: unknown, pointer: Pointer): unknown =>
  valueAt(value, tokensOf(pointer));

export const textAt = (value: unknown, pointer: Pointer): string | undefined => {
  const found = readAt(value, pointer);
  return typeof found === "string" ? found : undefined;
};

export const numberAt = (value: unknown, pointer: Pointer): number | undefined => {
  const found = readAt(value, pointer);
  return Number.isFinite(found) ? (found as number) : undefined;
};
