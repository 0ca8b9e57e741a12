import { z } from "zod";
import {
  REALTIME_KEY,
  REALTIME_SCHEMES,
  realtimeUrlProblems,
  SHORTEST_JWT_SECRET,
  type RealtimeUrlProblem,
} from "../../common/portable/realtime/config-rules.ts";
import { flag, integer, url } from "../../common/environment.ts";

/** Anything that is sent in a header or a query as it is. */
const key = () =>
  z.string().regex(REALTIME_KEY, "must be a key of letters, digits, dots, underscores and hyphens");
const PRINTED_SECRETS = new Set<RealtimeUrlProblem>(["credentials", "query", "fragment"]);
const realtimeUrl = () =>
  url(REALTIME_SCHEMES, "http://127.0.0.1:4000/socket").refine(
    (text) => realtimeUrlProblems(text).every((problem) => !PRINTED_SECRETS.has(problem)),
    "must have no user, password, query or fragment: keys have variables of their own",
  );

/** The variables of a topology whose events travel over Supabase Realtime. */
export const RealtimeEnvironment = {
  FF_SUPABASE_SSE_BROADCAST: flag(),
  /** As realtime-js takes it: `http://host:4000/socket` for a bare server, `https://<ref>.supabase.co/realtime/v1` for a project. */
  REALTIME_URL: realtimeUrl().optional(),
  /** What clients are told; REALTIME_URL with the scheme ws or wss when not set. */
  REALTIME_PUBLIC_URL: realtimeUrl().optional(),
  /** Service-role key: publishes, and reads every channel. */
  REALTIME_KEY: key().optional(),
  /** Signs the clients' tokens (HS256): the secret by which Realtime checks them. */
  REALTIME_JWT_SECRET: z
    .string()
    .min(SHORTEST_JWT_SECRET, `must be at least ${SHORTEST_JWT_SECRET} characters long`)
    .optional(),
  /** `apikey` of the clients' handshake; each client's own token when not set, which a bare server takes. */
  REALTIME_ANON_KEY: key().optional(),
  REALTIME_PUBLISH: z.enum(["http", "websocket"], "must be http or websocket").default("http"),
  REALTIME_TOKEN_TTL_S: integer(5, 86_400, 300),
  /** Events that wait for Realtime, all sessions together. What does not fit is dropped, and the ledger says so. */
  REALTIME_QUEUE_BYTES: integer(1024, 1_073_741_824, 16_777_216),
  /** Events are kept in Redis as well, so that clients can ask for what they missed. */
  FF_SSE_EVENT_LOG: flag(),
  /** Kept of each pipeline run, about; older ones are given up first. */
  EVENT_LOG_EVENTS: integer(1, 1_000_000, 10_000),
};

/** May hold a password or a key. */
export const REALTIME_SECRETS: readonly string[] = [
  "REALTIME_URL",
  "REALTIME_PUBLIC_URL",
  "REALTIME_KEY",
  "REALTIME_JWT_SECRET",
  "REALTIME_ANON_KEY",
];

export const REALTIME_FIXES: Readonly<Record<string, string>> = {
  FF_SUPABASE_SSE_BROADCAST: "set one of the two broadcasters' flags only",
  FF_SSE_EVENT_LOG: "set both, or set FF_SSE_EVENT_LOG=false",
  REALTIME_URL: "set it to what realtime-js takes, e.g. http://realtime:4000/socket",
  REALTIME_PUBLIC_URL: "set it to what browsers reach Realtime by, e.g. wss://realtime.example.org/socket",
  REALTIME_KEY: "set it to the service-role key of that Realtime",
  REALTIME_JWT_SECRET: "set it to the JWT secret of that Realtime",
  REALTIME_ANON_KEY: "set it to the project's anon key, or remove it for a bare server",
};

const NEEDED = ["REALTIME_URL", "REALTIME_KEY", "REALTIME_JWT_SECRET"];

/** Combinations that cannot work, as (variable, what is wrong). */
export function realtimeConflicts(given: Readonly<Record<string, string | undefined>>): [string, string][] {
  const conflicts: [string, string][] = [];
  const realtime = given["FF_SUPABASE_SSE_BROADCAST"] === "true";
  if (realtime && given["FF_REDIS_SSE_BROADCAST"] === "true")
    conflicts.push(["FF_SUPABASE_SSE_BROADCAST", "cannot be true together with FF_REDIS_SSE_BROADCAST"]);
  for (const variable of NEEDED)
    if (realtime && given[variable] === undefined)
      conflicts.push([variable, "is not set, and FF_SUPABASE_SSE_BROADCAST=true needs it"]);
  if (given["FF_SSE_EVENT_LOG"] === "true") {
    if (given["REDIS_URL"] === undefined)
      conflicts.push(["FF_SSE_EVENT_LOG", "needs REDIS_URL, which is not set"]);
    if (!realtime)
      conflicts.push([
        "FF_SSE_EVENT_LOG",
        "needs FF_SUPABASE_SSE_BROADCAST=true: no other broadcaster writes the log",
      ]);
  }
  return conflicts;
}
