/** Converts times of the engine, on the wall clock, to the monotonic clock of the history. */
import { nowMs } from "../../../../common/clock.ts";

/** An older event means that the wall clock was set, or that the engine is on another host. */
const PLAUSIBLE_AGE_MS = 5_000;
/** Resolution of the wall clock as Node reads it. */
const RESOLUTION_MS = 1;

export interface EventTime {
  /** Harness clock, milliseconds. The wall clock is read to 1 ms, so that is its error. */
  atMs: number;
  /** False: the engine's time is implausible, and `atMs` is the time of the reading. */
  plausible: boolean;
}

/**
 * @param wallNs time of the event, nanoseconds since 1970 by the wall clock of this host
 * @param wallMs the wall clock now
 * @param monotonicMs the harness clock now
 */
export const eventTime = (
  wallNs: number,
  wallMs: number = Date.now(),
  monotonicMs: number = nowMs(),
): EventTime => {
  const ageMs = wallMs - wallNs / 1e6;
  if (!(ageMs >= -RESOLUTION_MS * 2 && ageMs <= PLAUSIBLE_AGE_MS)) {
    return { atMs: monotonicMs, plausible: false };
  }
  // An event cannot be later than its reading.
  return { atMs: monotonicMs - Math.max(0, ageMs), plausible: true };
};
