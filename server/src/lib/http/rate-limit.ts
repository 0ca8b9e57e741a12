import type { RequestHandler, Request, Response } from "express";
import type { Redis } from "ioredis";
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from "rate-limiter-flexible";
import { Problem } from "./problem.ts";

export interface RateLimitOptions {
  /** 0: no limit. */
  points: number;
  windowS: number;
  /** With Redis, all instances share one count. While Redis is down, each instance counts alone. */
  redis: Redis | undefined;
}

/** Creates a middleware that passes `points` requests per window and key, and answers 429 else. */
export function createRateLimit({ points, windowS, redis }: RateLimitOptions) {
  const limiter = points === 0 ? undefined : createLimiter(points, windowS, redis);
  return <P>(keyOf: (req: Request<P>, res: Response) => string): RequestHandler<P> =>
    async (req, res, next) => {
      try {
        await limiter?.consume(keyOf(req, res));
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

function createLimiter(
  points: number,
  duration: number,
  redis: Redis | undefined,
): RateLimiterAbstract {
  const keyPrefix = "sse:limit";
  const memory = new RateLimiterMemory({ keyPrefix, points, duration });
  if (redis === undefined) return memory;
  const options = { keyPrefix, points, duration, storeClient: redis, rejectIfRedisNotReady: true };
  return new RateLimiterRedis({ ...options, insuranceLimiter: memory });
}
