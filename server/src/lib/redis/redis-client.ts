import { Redis } from "ioredis";
import type { Logger } from "pino";
import type { RedisAddress } from "./redis-address.ts";
import { withTimeout } from "../../../../common/with-timeout.ts";

const CONNECT_TIMEOUT_MS = 2000;
/**
 * A connection without an answer for this long is closed, because ioredis waits forever on a
 * half-open socket. It is well above any stall of this process's event loop, which looks the same.
 */
const ANSWER_TIMEOUT_MS = 4000;
const PING_EVERY_MS = 2000;
const RECONNECT_CAP_MS = 1000;

export interface RedisClientOptions {
  address: RedisAddress;
  logger: Logger;
  /** Shown by CLIENT LIST. */
  name: string;
}

/**
 * Connects to a Redis-compatible server at once, and reconnects forever. Rate limiting and the
 * broadcaster share the connection. While the server is away, commands fail at once: a queued event
 * that arrives minutes late is useless.
 */
export function createRedisClient({ address, logger, name }: RedisClientOptions): Redis {
  const { tls, ...target } = address;
  const redis = new Redis({
    ...target,
    ...(tls && { tls: {} }),
    connectionName: name,
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // RedisPubSub renews the subscriptions itself, to know when they are in force again.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: ANSWER_TIMEOUT_MS,
    keepAlive: 10_000,
    retryStrategy: (attempt) =>
      Math.random() * 50 + Math.min(RECONNECT_CAP_MS, 25 * 2 ** Math.min(attempt, 10)),
  });
  watch(redis, logger.child({ redis: name }));
  return redis;
}

/**
 * A second connection with the same settings, because a subscribing one takes no other commands.
 */
export function duplicateForSubscribing(redis: Redis, logger: Logger): Redis {
  const name = `${redis.options.connectionName ?? ""}-sub`;
  const duplicate = redis.duplicate({ connectionName: name, enableAutoPipelining: false });
  watch(duplicate, logger.child({ redis: name }));
  return duplicate;
}

/** Resolves when the current attempt to connect has succeeded or failed. Never rejects. */
export async function connectionSettled(redis: Redis): Promise<void> {
  if (redis.status === "ready") return;
  await new Promise<void>((resolve) => {
    redis.once("ready", resolve);
    redis.once("close", resolve);
  });
}

/** Closes the connection for good. Running commands get `graceMs` to finish. */
export async function closeRedis(redis: Redis, graceMs = 500): Promise<void> {
  if (redis.status === "ready") await withTimeout(graceMs, redis.ping());
  redis.disconnect();
}

function watch(redis: Redis, logger: Logger): void {
  let lastError = "";
  redis.on("error", (error: Error) => {
    // One line per kind of error, not one per attempt.
    if (error.message !== lastError)
      logger.warn({ reason: error.message }, "redis connection failed, will retry");
    lastError = error.message;
  });
  redis.on("ready", () => {
    lastError = "";
    logger.info("redis connection ready");
  });
  // `socketTimeout` runs only while an answer is due, so the ping makes one due.
  const pings = setInterval(() => {
    if (redis.status === "ready") redis.ping().catch(() => {});
  }, PING_EVERY_MS);
  pings.unref();
  redis.on("end", () => clearInterval(pings));
}
