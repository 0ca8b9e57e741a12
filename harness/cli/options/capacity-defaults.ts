/** What `sse-lab capacity` does if nothing else is asked for. */
export const CAPACITY_DEFAULTS = {
  /** Sessions. */
  start: 100,
  step: 2,
  maxRate: 100,
  /** Milliseconds. */
  p99: 100,
  missed: "0.1%",
  /** Seconds. */
  measure: 8,
  streams: 100_000,
} as const;
