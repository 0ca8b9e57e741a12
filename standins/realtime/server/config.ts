import { z } from "zod";

const integer = (min: number, max: number, byDefault: number) => {
  const rule = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, rule)
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule)
    .default(byDefault);
};
const names = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*$/, "must be host labels separated by commas")
    .transform((text) => text.split(","))
    .default(["realtime", "realtime-dev", "localhost", "127"]);

const HOUR_MS = 3_600_000;
const MANY = 1_000_000_000;

/** Names, units and defaults are those of the supabase/realtime image, where it has the setting; the last block is the stand-in's own. */
const Environment = z.object({
  /** 0 takes any free port; the log line "listening" tells which. */
  PORT: integer(0, 65_535, 4000),
  HOST: z.string().default("127.0.0.1"),
  /** Signs every token of the tenant, and opens the tenant API. */
  API_JWT_SECRET: z.string("is not set").min(32, "must be at least 32 characters long"),
  /** First labels of the host names by which clients reach it. The image knows one; here all of them are ONE tenant. */
  SELF_HOST_TENANT_NAME: names(),
  TENANT_MAX_CONCURRENT_USERS: integer(0, MANY, 200),
  TENANT_MAX_EVENTS_PER_SECOND: integer(0, MANY, 100),
  TENANT_MAX_JOINS_PER_SECOND: integer(0, MANY, 100),
  TENANT_MAX_CHANNELS_PER_CLIENT: integer(0, MANY, 100),
  CONNECT_ERROR_BACKOFF_MS: integer(0, HOUR_MS, 2000),
  CHANNEL_ERROR_BACKOFF_MS: integer(0, HOUR_MS, 5000),
  /** Period of the sweep that cuts sockets which joined once and have no channel left. */
  NO_CHANNEL_TIMEOUT_IN_MS: integer(10, 24 * HOUR_MS, 600_000),

  /** A column of the tenant in the image, without an environment variable. kB of 1,000 bytes. */
  TENANT_MAX_PAYLOAD_SIZE_IN_KB: integer(1, MANY, 3000),
  /** A socket that sends no frame for so long is closed with 1000. */
  IDLE_TIMEOUT_MS: integer(10, 24 * HOUR_MS, 60_000),
  /** How often the rate of events and joins is sampled. */
  RATE_SAMPLE_MS: integer(10, HOUR_MS, 5000),
  /** A client with more unread bytes than this is cut: the image bounds the memory of a process instead. */
  MAX_SOCKET_BUFFER_BYTES: integer(1024, MANY, 8_388_608),
  LOG_LEVEL: z
    .enum(["error", "warn", "info", "debug", "silent"], "must be one of error, warn, info, debug, silent")
    .default("info"),
});

export type Config = Readonly<z.infer<typeof Environment>>;

/** Every problem of the environment at once, one line each. Never carries the value of a secret. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Reads the configuration from environment variables. An empty variable counts as not set.
 * @throws ConfigError naming every problem at once
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(
    Object.keys(Environment.shape)
      .map((name) => [name, environment[name]] as const)
      .filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = Environment.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues
      .map((issue) => {
        const name = String(issue.path[0]);
        const secret = name === "API_JWT_SECRET";
        const value =
          given[name] === undefined ? "(not set)" : secret ? "(hidden)" : JSON.stringify(given[name]);
        const fix = secret
          ? "set the secret that signs the tokens, e.g. from `openssl rand -hex 32`"
          : "change it or remove it to get the default";
        return `${name}=${value}: ${issue.message}; ${fix}`;
      })
      .join("\n"),
  );
}
