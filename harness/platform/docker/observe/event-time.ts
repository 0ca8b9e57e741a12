/** The engine stamps its events with the wall clock; the history is on the monotonic one. */
import { nowMs } from "../../../../common/clock.ts";

/** Older than this when it is read: the wall clock was set meanwhile, or the engine is not on this host. */
const PLAUSIBLE_AGE_MS = 5_000;
/** Resolution of the wall clock as Node reads it. */
const RESOLUTION_MS = 1;

export interface EventTime {
  /** Harness clock, milliseconds. The wall clock is read to 1 ms, so that is its error. */
  atMs: number;
  /** False: the engine's time made no sense, and `atMs` is when the event was read. */
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
  // An event is never in the future of its reader.
  return { atMs: monotonicMs - Math.max(0, ageMs), plausible: true };
};
