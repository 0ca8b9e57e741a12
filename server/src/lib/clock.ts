/** Milliseconds on CLOCK_MONOTONIC, with microseconds behind the point: comparable between all processes of one host. */
export const nowMs = (): number => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + Math.round(nanoseconds / 1000) / 1000;
};
