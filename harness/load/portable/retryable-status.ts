/** Answers to a request that say "not now": none at all, the router has no instance for it, or a limiter refused it. */
export const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([0, 429, 502, 503, 504]);
