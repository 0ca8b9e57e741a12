import { build, type Histogram } from "hdr-histogram-js";

/** One hour: longer durations mean a broken clock, and the exact maximum is kept anyway. */
const HIGHEST_US = 3_600_000_000;

/** Rounds milliseconds to the microsecond, the resolution of the clock. */
export const roundMs = (ms: number): number => Math.round(ms * 1000) / 1000;

/**
 * Durations in milliseconds: an HDR histogram of microseconds with 3 significant digits, of bounded
 * size.
 */
export class DurationHistogram {
  #histogram: Histogram | undefined;
  #maxMs = 0;

  /** Negative durations (clock error) count as 0. */
  record(ms: number): void {
    this.#histogram ??= build({
      bitBucketSize: 32,
      lowestDiscernibleValue: 1,
      highestTrackableValue: HIGHEST_US,
      numberOfSignificantValueDigits: 3,
    });
    if (ms > this.#maxMs) this.#maxMs = ms;
    this.#histogram.recordValue(Math.min(Math.max(Math.round(ms * 1000), 0), HIGHEST_US));
  }

  get samples(): number {
    return this.#histogram?.totalCount ?? 0;
  }

  get empty(): boolean {
    return this.#histogram === undefined;
  }

  get maxMs(): number {
    return roundMs(this.#maxMs);
  }

  /**
   * Milliseconds. The bucket's upper bound, so at most 0.1 % too high, and never above the maximum.
   * 0 without samples.
   */
  percentileMs(percentile: number): number {
    const us = this.#histogram?.getValueAtPercentile(percentile) ?? 0;
    return Math.min(roundMs(us / 1000), this.maxMs);
  }
}
