import { Redis } from "ioredis";
import type { AskRedis } from "./redis-failover.ts";

/** Commands for the Redis at an address, on one connection. */
export interface RedisClient extends Disposable {
  ask: AskRedis;
}

/** @throws if nothing answers there within 5 s */
export async function connectRedis(host: string, port: number): Promise<RedisClient> {
  const redis = new Redis({
    host,
    port,
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 5_000,
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
