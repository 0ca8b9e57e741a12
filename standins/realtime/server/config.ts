import { z } from "zod";
import { checkedText, integer, readEnvironment } from "../../../common/environment.ts";
import { jwtSecretProblem } from "../../../common/portable/realtime/config-rules.ts";

const names = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*$/, "must be host labels separated by commas")
    .transform((text) => text.split(","))
    .default(["realtime", "realtime-dev", "localhost", "127"]);

const HOUR_MS = 3_600_000;
const MANY = 1_000_000_000;
const LEVELS = ["error", "warn", "info", "debug", "silent"] as const;

/**
 * Names, units and defaults are those of the supabase/realtime image. The image does not have the
 * settings of the last block.
 */
const Environment = z.object({
  /** 0 takes any free port; the log line "listening" contains it. */
  PORT: integer(0, 65_535, 4000),
  HOST: z.string().default("127.0.0.1"),
  /** Signs every token. */
  API_JWT_SECRET: checkedText(jwtSecretProblem, "is not set"),
  /** First labels of the host names that clients use. The image accepts only one. */
  SELF_HOST_TENANT_NAME: names(),
  TENANT_MAX_CONCURRENT_USERS: integer(0, MANY, 200),
  TENANT_MAX_EVENTS_PER_SECOND: integer(0, MANY, 100),
  TENANT_MAX_JOINS_PER_SECOND: integer(0, MANY, 100),
  TENANT_MAX_CHANNELS_PER_CLIENT: integer(0, MANY, 100),
  CONNECT_ERROR_BACKOFF_MS: integer(0, HOUR_MS, 2000),
  CHANNEL_ERROR_BACKOFF_MS: integer(0, HOUR_MS, 5000),
  /** Period of the sweep that cuts sockets which have left all their channels. */
  NO_CHANNEL_TIMEOUT_IN_MS: integer(10, 24 * HOUR_MS, 600_000),

  /** A column of the tenant in the image. kB of 1,000 bytes. */
  TENANT_MAX_PAYLOAD_SIZE_IN_KB: integer(1, MANY, 3000),
  /** A socket that sends no frame for this long is closed with 1000. */
  IDLE_TIMEOUT_MS: integer(10, 24 * HOUR_MS, 60_000),
  /** How often the rate of events and joins is sampled. */
  RATE_SAMPLE_MS: integer(10, HOUR_MS, 5000),
  /** A client with more unread bytes than this is cut. */
  MAX_SOCKET_BUFFER_BYTES: integer(1024, MANY, 8_388_608),
  LOG_LEVEL: z.enum(LEVELS, `must be one of ${LEVELS.join(", ")}`).default("info"),
});

export type Config = Readonly<z.infer<typeof Environment>>;

/** @throws UserError with every problem of the environment */
export const readConfig = (environment: NodeJS.ProcessEnv): Config =>
  readEnvironment(Environment, environment, {
    secrets: new Set(["API_JWT_SECRET"]),
    fixes: {
      API_JWT_SECRET: "set the secret that signs the tokens, e.g. from `openssl rand -hex 32`",
    },
  });
