/**
 * What makes the address, the keys and the secret of a Realtime server valid. Each program that
 * reads REALTIME_* picks the rules that apply to it and words its own errors.
 *
 * The address rules need `URL`, which k6 does not have.
 */

import { readUrl } from "../read-url.ts";

/** HS256 needs a key as long as its hash (RFC 7518, section 3.2); Supabase refuses shorter ones. */
const SHORTEST_JWT_SECRET = 32;

/** Forms that show a mistake: HS256 needs the text that both sides share. */
const MISTAKEN_SECRETS: readonly [RegExp, string][] = [
  [/^\s*-----BEGIN/, "a PEM key"],
  [/^\s*[{[][^]*"(?:kty|keys)"/, "a JSON Web Key"],
  [/^\s*[a-z][a-z0-9+.-]*:\/\//i, "an address"],
  [/^\s*eyJ[\w-]*\.[\w-]+\.[\w-]*\s*$/, "a token, which the secret signs"],
  [/^\s*sb_(?:secret|publishable)_/, "an API key"],
];

/**
 * What is wrong with the secret that signs tokens by HS256, with the fix and without a part of the
 * value; undefined if nothing is.
 */
export const jwtSecretProblem = (secret: string): string | undefined => {
  const mistaken = MISTAKEN_SECRETS.find(([form]) => form.test(secret))?.[1];
  if (mistaken !== undefined)
    return `is ${mistaken}: HS256 needs the shared JWT secret (legacy secret on supabase.com)`;
  if (secret !== secret.trim()) return "begins or ends with a blank: remove it";
  return secret.length < SHORTEST_JWT_SECRET
    ? `has ${secret.length} characters: a secret for HS256 has ${SHORTEST_JWT_SECRET} or more`
    : undefined;
};

/**
 * Role of a page's token. It hears its own session's channel and is nothing else: the gateway of a
 * hosted project cannot take this role, unlike `authenticated` (infra/realtime/policies.sql).
 */
export const PAGE_ROLE = "sse_page";

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
  const { url } = readUrl(text);
  if (url === undefined) return ["syntax"];
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
