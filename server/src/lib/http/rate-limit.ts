import type { RequestHandler, Request, Response } from "express";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { RedisConnection } from "../redis/redis-connection.ts";
import { Problem } from "./problem.ts";

export interface RateLimitOptions {
  /** 0: no limit. */
  points: number;
  windowS: number;
  /** With Redis, all instances share one count. While it does not answer, each counts alone. */
  redis: RedisConnection | undefined;
}

/** Creates a middleware that passes `points` requests per window and key, and answers 429 else. */
export function createRateLimit({ points, windowS, redis }: RateLimitOptions) {
  const consume = points === 0 ? undefined : createLimiter(points, windowS, redis);
  return <P>(keyOf: (req: Request<P>, res: Response) => string): RequestHandler<P> =>
    async (req, res, next) => {
      try {
        await consume?.(keyOf(req, res));
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
        throw new Problem(429, "Too many requests", `Try again in ${seconds} s.`, {
          headers: { "retry-after": String(seconds) },
        });
      }
      next();
    };
}

/** @returns counts one request, and rejects with a RateLimiterRes if it is one too many */
function createLimiter(
  points: number,
  duration: number,
  redis: RedisConnection | undefined,
): (key: string) => Promise<unknown> {
  const options = { keyPrefix: "sse:limit", points, duration };
  const memory = new RateLimiterMemory(options);
  if (redis === undefined) return async (key) => memory.consume(key);
  const shared = new RateLimiterRedis({ ...options, storeClient: redis.client });
  return async (key) => {
    try {
      return await redis.ask(async () => shared.consume(key));
    } catch (error) {
      if (error instanceof RateLimiterRes) throw error;
      return memory.consume(key);
    }
  };
}
