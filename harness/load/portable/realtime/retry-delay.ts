const DELAYS_MS = [1_000, 2_000, 5_000];

/**
 * Delay before try number `tries + 1`, milliseconds: 1 s, 2 s, 5 s, then 10 s, without jitter.
 * These are realtime-js's delays, for reconnects of the socket and for joins alike; what a page
 * asks over HTTP keeps to the same.
 */
export const retryDelayMs = (tries: number): number => DELAYS_MS[tries] ?? 10_000;
