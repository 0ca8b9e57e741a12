/**
 * The lab's one clock: CLOCK_MONOTONIC, shared by all processes and containers of one Linux host.
 */

/**
 * Milliseconds on CLOCK_MONOTONIC, with microseconds behind the point. Comparable between processes
 * of one host only.
 */
export const nowMs = (): number => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + Math.round(nanoseconds / 1000) / 1000;
};
