import { Redis } from "ioredis";
import type { AskRedis } from "../../redis-failover.ts";

/** Commands for the Redis at a port of 127.0.0.1, on one connection. */
export interface RedisClient extends Disposable {
  ask: AskRedis;
}

/** @throws if nothing listens there */
export async function connectRedis(port: number): Promise<RedisClient> {
  const redis = new Redis({
    host: "127.0.0.1",
    port,
    lazyConnect: true,
    retryStrategy: null,
    protocol: 2,
  });
  // A failure rejects the command.
  redis.on("error", () => undefined);
  await redis.connect();
  return {
    ask: async (command, ...words) => String(await redis.call(command, ...words)),
    [Symbol.dispose]: () => redis.disconnect(),
  };
}
