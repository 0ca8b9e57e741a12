/**
 * What makes the address, the keys and the secret of a Realtime server valid. Each program that
 * reads REALTIME_* picks the rules that apply to it and words its own errors.
 *
 * The address rules need `URL`, which k6 does not have.
 */

/** HS256 needs a key as long as its hash (RFC 7518, section 3.2); Supabase refuses shorter ones. */
export const SHORTEST_JWT_SECRET = 32;

/** A key goes into headers and queries as it is. */
export const REALTIME_KEY = /^[\w.-]+$/;

/** realtime-js turns each into the one it needs. */
export const REALTIME_SCHEMES = ["http:", "https:", "ws:", "wss:"] as const;

export const REALTIME_URL_EXAMPLES =
  "https://<ref>.supabase.co/realtime/v1, or http://host:4000/socket for a bare server";

/**
 * - `syntax`: not a URL; then nothing else is checked.
 * - `credentials`, `query`, `fragment`: would be printed with the address.
 * - `websocket-path`: ends in /websocket, which clients add.
 */
export type RealtimeUrlProblem =
  "syntax" | "scheme" | "credentials" | "query" | "fragment" | "no-path" | "websocket-path";

/** Everything that is wrong with an address, the gravest problem first. Empty: it is valid. */
export const realtimeUrlProblems = (text: string): RealtimeUrlProblem[] => {
  if (!URL.canParse(text)) return ["syntax"];
  const url = new URL(text);
  const found: [RealtimeUrlProblem, boolean][] = [
    ["scheme", !(REALTIME_SCHEMES as readonly string[]).includes(url.protocol)],
    ["credentials", url.username + url.password !== ""],
    ["query", url.search !== ""],
    ["fragment", url.hash !== ""],
    ["no-path", /^\/*$/.test(url.pathname)],
    ["websocket-path", /\/websocket\/*$/.test(url.pathname)],
  ];
  return found.flatMap(([problem, applies]) => (applies ? [problem] : []));
};
