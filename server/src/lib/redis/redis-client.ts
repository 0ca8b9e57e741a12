import { Redis } from "ioredis";
import type { Logger } from "pino";

const CONNECT_TIMEOUT_MS = 2000;
/**
 * A connection that owes an answer for this long is given up: ioredis waits for ever on a half-open socket. Well above
 * any stall of this process's own loop, which looks the same from in here.
 */
const ANSWER_TIMEOUT_MS = 4000;
const PING_EVERY_MS = 2000;
const RECONNECT_CAP_MS = 1000;

export interface RedisClientOptions {
  url: string;
  logger: Logger;
  /** Shown by CLIENT LIST. */
  name: string;
}

/**
 * A connection to a Redis-compatible server, made at once and again for ever. Shared by rate limiting and the
 * broadcaster. While it is away commands fail at once: nothing is queued, because an event that arrives minutes late helps nobody.
 */
export function createRedisClient({ url, logger, name }: RedisClientOptions): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // The owner of the subscriptions renews them, so that it knows when they are in force again.
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

/** A connection of its own with the same settings: one that subscribes cannot do anything else. */
export function duplicateForSubscribing(redis: Redis, logger: Logger): Redis {
  const name = `${redis.options.connectionName ?? ""}-sub`;
  const duplicate = redis.duplicate({ connectionName: name, enableAutoPipelining: false });
  watch(duplicate, logger.child({ redis: name }));
  return duplicate;
}

/** Resolves when the attempt to connect that is under way has succeeded or failed. Never rejects. */
export async function connectionSettled(redis: Redis): Promise<void> {
  if (redis.status === "ready") return;
  await new Promise<void>((resolve) => {
    redis.once("ready", resolve);
    redis.once("close", resolve);
  });
}

/** Ends the connection for good; commands that are already under way get `graceMs` to finish. */
export async function closeRedis(redis: Redis, graceMs = 500): Promise<void> {
  if (redis.status === "ready") {
    const late = new Promise<void>((resolve) => setTimeout(resolve, graceMs).unref());
    await Promise.race([
      redis.ping().then(
        () => {},
        () => {},
      ),
      late,
    ]);
  }
  redis.disconnect();
}

function watch(redis: Redis, logger: Logger): void {
  let lastError = "";
  redis.on("error", (error: Error) => {
    // One line per kind of trouble, not one per attempt.
    if (error.message !== lastError)
      logger.warn({ reason: error.message }, "redis connection failed, will retry");
    lastError = error.message;
  });
  redis.on("ready", () => {
    lastError = "";
    logger.info("redis connection ready");
  });
  // `socketTimeout` only looks while an answer is awaited: the ping makes sure that one is.
  const pings = setInterval(() => {
    if (redis.status === "ready") redis.ping().catch(() => {});
  }, PING_EVERY_MS);
  pings.unref();
  redis.on("end", () => clearInterval(pings));
}
