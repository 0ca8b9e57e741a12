/** Milliseconds, to the microsecond: what the clock resolves, and no binary tail in the results. */
export const roundMs = (ms: number): number => Math.round(ms * 1000) / 1000;
