/** The hosted Realtime that the environment names: REALTIME_URL and its keys. */
import { z } from "zod";
import {
  jwtSecretProblem,
  REALTIME_KEY,
  REALTIME_URL_EXAMPLES as EXAMPLES,
  realtimeUrlProblems,
  type RealtimeUrlProblem,
} from "../../common/portable/realtime/config-rules.ts";
import { httpUrlOf } from "../../common/portable/realtime/urls.ts";
import type { HostedRealtime } from "../../infra/realtime/realtime-settings.ts";
import { checkedText } from "../../common/environment.ts";
import { UserError } from "../../common/user-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const inQuery = "holds a query: keys go into REALTIME_KEY";
const URL_MESSAGES: Readonly<Record<RealtimeUrlProblem, string>> = {
  syntax: `is no URL: give ${EXAMPLES}`,
  scheme: `which Realtime does not speak: give ${EXAMPLES}`,
  credentials: "holds credentials: keys go into REALTIME_KEY",
  query: inQuery,
  fragment: inQuery,
  "no-path": `has no path: give ${EXAMPLES}`,
  "websocket-path": "ends in /websocket, which clients add themselves: leave that out",
};

/** What is wrong with the address; undefined if it is valid. */
const urlProblem = (text: string): string | undefined => {
  const [problem] = realtimeUrlProblems(text);
  if (problem === undefined) return undefined;
  const message = URL_MESSAGES[problem];
  return problem === "scheme" ? `has the scheme ${new URL(text).protocol}//, ${message}` : message;
};

const claimsSchema = z.object({ role: z.string(), exp: z.number().optional() });

/** Undefined: no problem. A key in Supabase's newer format (`sb_secret_...`) cannot be checked. */
const keyProblem = (key: string): string | undefined => {
  if (key.startsWith("sb_publishable_"))
    return "is a publishable key: give the secret one, which may publish";
  if (key.startsWith("sb_")) return undefined;
  const parts = key.split(".");
  const claims =
    parts.length === 3 ? claimsSchema.safeParse(parseClaims(parts[1] ?? "")) : undefined;
  if (!claims?.success) return "is no JWT with a role: give the project's service-role key";
  if (claims.data.role !== "service_role") {
    const role = JSON.stringify(claims.data.role);
    return `is of role ${role}, which may not publish: give the service-role key`;
  }
  if (claims.data.exp !== undefined && claims.data.exp * 1000 <= Date.now()) {
    return `expired at ${new Date(claims.data.exp * 1000).toISOString()}: give a newer one`;
  }
  return undefined;
};

const parseClaims = (part: string): unknown => {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
};

/** Uses our own messages, because zod's would show the value. */
const checked = (missing: string, problemOf: (value: string) => string | undefined) =>
  checkedText(problemOf, `is not set: ${missing}`);

const schema = z.object({
  REALTIME_URL: checked(`give ${EXAMPLES}; without it the lab runs its own Realtime`, urlProblem),
  REALTIME_KEY: checked("give the project's service-role key, which publishes", keyProblem),
  REALTIME_JWT_SECRET: checked(
    "give the project's JWT secret, which signs the clients' tokens",
    jwtSecretProblem,
  ),
  REALTIME_ANON_KEY: checked("", (key) =>
    REALTIME_KEY.test(key) ? undefined : "is no key: give the project's anon key, or unset it",
  ).optional(),
});

const VARIABLES = Object.keys(schema.shape) as (keyof typeof schema.shape)[];

/** An empty variable counts as not set. */
const given = (env: Environment): Environment =>
  Object.fromEntries(
    VARIABLES.flatMap((name) => {
      const value = env[name]?.trim() ?? "";
      return value === "" ? [] : [[name, value]];
    }),
  );

/** Does the environment set any variable of a hosted Realtime? */
export const asksForHosted = (env: Environment = process.env): boolean =>
  Object.keys(given(env)).length > 0;

/**
 * Undefined if no variable is set: then the platform runs its own Realtime.
 *
 * @throws UserError that names every missing or invalid variable, with the fix
 */
export const hostedRealtime = (env: Environment = process.env): HostedRealtime | undefined => {
  if (!asksForHosted(env)) return undefined;
  const parsed = schema.safeParse(given(env));
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
    throw new UserError(lines.join("\n"));
  }
  const { REALTIME_URL, REALTIME_KEY, REALTIME_JWT_SECRET, REALTIME_ANON_KEY } = parsed.data;
  return {
    // In the one normal form, since a scheme may be written in capitals.
    url: httpUrlOf(new URL(REALTIME_URL).href),
    serviceKey: REALTIME_KEY,
    jwtSecret: REALTIME_JWT_SECRET,
    ...(REALTIME_ANON_KEY === undefined ? {} : { anonKey: REALTIME_ANON_KEY }),
  };
};
