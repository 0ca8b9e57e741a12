import { hostname } from "node:os";
import { z } from "zod";
import { flag, integer, readEnvironment } from "../../common/environment.ts";
import { redisUrl } from "./lib/redis/redis-address.ts";
import {
  REALTIME_FIXES,
  REALTIME_SECRETS,
  realtimeConflicts,
  RealtimeEnvironment,
} from "./realtime-config.ts";

const HOUR_MS = 3_600_000;

const Environment = z.object({
  /** 0 uses any free port; the log line "listening" has it. */
  PORT: integer(0, 65_535, 3000),
  HOST: z.string().default("127.0.0.1"),
  /** Name of this instance in response headers, events and the ledger file name. */
  INSTANCE: z
    .string()
    .regex(
      /^[A-Za-z0-9._-]{1,64}$/,
      "must be 1 to 64 letters, digits, dots, underscores or hyphens",
    )
    .default(() =>
      hostname()
        .replace(/[^A-Za-z0-9._-]/g, "-")
        .slice(0, 64),
    ),
  /** Key of the session tokens, the same on every instance. */
  SESSION_SECRET: z.string("is not set").min(32, "must be at least 32 characters long"),
  SESSION_TTL_S: integer(1, 31_536_000, 86_400),
  REDIS_URL: redisUrl().optional(),
  FF_REDIS_SSE_BROADCAST: flag(),
  /** Keeps events in Redis Streams, and lets pipelines move between instances. */
  FF_REDIS_SSE_DURABLE: flag(),
  /** A session's log expires this long after its last event. */
  EVENT_LOG_KEEP_S: integer(1, 31_536_000, 3600),
  /** Bound of the events that wait for Redis. */
  EVENT_LOG_QUEUE_BYTES: integer(65_536, 4_294_967_296, 16_777_216),
  /** Pipelines of an instance that is silent for this long move to others. */
  PIPELINE_LEASE_MS: integer(100, HOUR_MS, 2000),
  ...RealtimeEnvironment,
  /** Folder of the ledger; created if absent. Without it there is no ledger. */
  LEDGER_DIR: z.string().optional(),
  /** A comment to every stream this often. 0: none. */
  HEARTBEAT_MS: integer(0, HOUR_MS, 15_000),
  /** The `retry:` field of a new stream. */
  RETRY_MS: integer(0, HOUR_MS, 1000),
  /** Time between "not ready" and the first closed stream, for the router to notice. */
  DRAIN_NOTICE_MS: integer(0, HOUR_MS, 1000),
  /** Streams are closed evenly over this window. */
  DRAIN_SPREAD_MS: integer(0, HOUR_MS, 500),
  /** Running pipelines are aborted this long after the notice. */
  DRAIN_GRACE_MS: integer(0, HOUR_MS, 2000),
  /** Mean of the jittered wait (0.5 to 1.5 times) that a draining instance asks clients for. */
  DRAIN_RETRY_MS: integer(0, HOUR_MS, 500),
  /** A stream with more unread bytes than this is cut. */
  MAX_STREAM_BUFFER_BYTES: integer(1024, 1_073_741_824, 1_048_576),
  /** Open streams of this instance. One more is refused with 503. */
  MAX_STREAMS: integer(1, 1_000_000, 20_000),
  /** Open streams of one session here. One more is refused with 429. */
  MAX_STREAMS_PER_SESSION: integer(1, 1_000_000, 20),
  BODY_LIMIT_BYTES: integer(64, 16_777_216, 65_536),
  /** POST requests per window and session, or per client address for new sessions. 0: no limit. */
  RATE_LIMIT_POINTS: integer(0, 1_000_000_000, 600),
  RATE_LIMIT_WINDOW_S: integer(1, 86_400, 60),
  /** Number of trusted proxies that set X-Forwarded-For. */
  TRUST_PROXY: integer(0, 10, 0),
  LOG_LEVEL: z
    .enum(
      ["fatal", "error", "warn", "info", "debug", "trace", "silent"],
      "must be one of fatal, error, warn, info, debug, trace, silent",
    )
    .default("info"),
  /** An unanswered gate fails its pipeline after this long. */
  GATE_TIMEOUT_MS: integer(1, 24 * HOUR_MS, HOUR_MS),
});

export type Config = Readonly<z.infer<typeof Environment>>;

const FIXES: Readonly<Record<string, string>> = {
  SESSION_SECRET: "set the same one on every instance, e.g. from `openssl rand -hex 32`",
  REDIS_URL: "point it to a Redis-compatible server or remove it",
  FF_REDIS_SSE_BROADCAST: "set REDIS_URL as well, or set FF_REDIS_SSE_BROADCAST=false",
  FF_REDIS_SSE_DURABLE: "set REDIS_URL, and no other FF_..._SSE_BROADCAST",
  ...REALTIME_FIXES,
};

/** Variables that can contain a password or a key. */
const SECRETS: ReadonlySet<string> = new Set(["SESSION_SECRET", "REDIS_URL", ...REALTIME_SECRETS]);

/** @throws ConfigError with every problem of the environment */
export const readConfig = (environment: NodeJS.ProcessEnv): Config =>
  readEnvironment(Environment, environment, {
    secrets: SECRETS,
    fixes: FIXES,
    conflicts: (given) => [...redisConflicts(given), ...realtimeConflicts(given)],
  });

function redisConflicts(given: Readonly<Record<string, string | undefined>>): [string, string][] {
  const isOn = (flag: string): boolean => given[flag] === "true";
  const problems: [string, string][] = [];
  for (const needing of ["FF_REDIS_SSE_BROADCAST", "FF_REDIS_SSE_DURABLE"])
    if (isOn(needing) && given["REDIS_URL"] === undefined)
      problems.push([needing, "needs REDIS_URL, which is not set"]);
  for (const other of ["FF_REDIS_SSE_BROADCAST", "FF_SUPABASE_SSE_BROADCAST"])
    if (isOn("FF_REDIS_SSE_DURABLE") && isOn(other))
      problems.push(["FF_REDIS_SSE_DURABLE", `excludes ${other}, which is true`]);
  return problems;
}
