import { z } from "zod";
import {
  jwtSecretProblem,
  REALTIME_KEY,
  REALTIME_SCHEMES,
  realtimeUrlProblems,
  type RealtimeUrlProblem,
} from "../../common/portable/realtime/config-rules.ts";
import { checkedText, flag, integer, url } from "../../common/environment.ts";

/** A key that fits unescaped into a header and a query. */
const key = () =>
  z.string().regex(REALTIME_KEY, "must be a key of letters, digits, dots, underscores and hyphens");
const PRINTED_SECRETS = new Set<RealtimeUrlProblem>(["credentials", "query", "fragment"]);
const realtimeUrl = () =>
  url(REALTIME_SCHEMES, "http://127.0.0.1:4000/socket").refine(
    (text) => realtimeUrlProblems(text).every((problem) => !PRINTED_SECRETS.has(problem)),
    "must have no user, password, query or fragment: set keys in their own variables",
  );

/** The variables of a topology that delivers events over Supabase Realtime. */
export const RealtimeEnvironment = {
  FF_SUPABASE_SSE_BROADCAST: flag(),
  /**
   * As realtime-js expects it: `http://host:4000/socket` for a bare server,
   * `https://<ref>.supabase.co/realtime/v1` for a hosted project.
   */
  REALTIME_URL: realtimeUrl().optional(),
  /** The address for clients. Default: REALTIME_URL with the scheme ws or wss. */
  REALTIME_PUBLIC_URL: realtimeUrl().optional(),
  /** Service-role key: publishes to and reads every channel. */
  REALTIME_KEY: key().optional(),
  /** Signs the clients' tokens (HS256). Realtime verifies them with the same secret. */
  REALTIME_JWT_SECRET: checkedText(jwtSecretProblem).optional(),
  /** `apikey` of the clients' handshake. Default: each client's token, as a bare server accepts. */
  REALTIME_ANON_KEY: key().optional(),
  REALTIME_PUBLISH: z.enum(["http", "websocket"], "must be http or websocket").default("http"),
  REALTIME_TOKEN_TTL_S: integer(5, 86_400, 300),
  /** Size of the queue to Realtime, over all sessions. Other events are dropped and recorded. */
  REALTIME_QUEUE_BYTES: integer(1024, 1_073_741_824, 16_777_216),
  /** Keeps events in Redis too, so that clients can fetch missed events. */
  FF_SSE_EVENT_LOG: flag(),
  /** Approximate number of events that are kept of each pipeline run, newest first. */
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
  FF_SUPABASE_SSE_BROADCAST: "set only one of the two broadcaster flags",
  FF_SSE_EVENT_LOG: "set both, or set FF_SSE_EVENT_LOG=false",
  REALTIME_URL: "set it to the address for realtime-js, e.g. http://realtime:4000/socket",
  REALTIME_PUBLIC_URL: "set it to the address for browsers, e.g. wss://realtime.example.org/socket",
  REALTIME_KEY: "set it to the service-role key of that Realtime",
  REALTIME_JWT_SECRET: "set it to the JWT secret of that Realtime",
  REALTIME_ANON_KEY: "set it to the project's anon key, or remove it for a bare server",
};

const NEEDED = ["REALTIME_URL", "REALTIME_KEY", "REALTIME_JWT_SECRET"];

/** Invalid combinations, each as variable and problem. */
export function realtimeConflicts(
  given: Readonly<Record<string, string | undefined>>,
): [string, string][] {
  const conflicts: [string, string][] = [];
  const realtime = given["FF_SUPABASE_SSE_BROADCAST"] === "true";
  if (realtime && given["FF_REDIS_SSE_BROADCAST"] === "true")
    conflicts.push([
      "FF_SUPABASE_SSE_BROADCAST",
      "cannot be true together with FF_REDIS_SSE_BROADCAST",
    ]);
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
