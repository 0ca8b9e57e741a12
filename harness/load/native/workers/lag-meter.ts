import { build, decodeFromCompressedBase64, type Histogram } from "hdr-histogram-js";
import { nowMs } from "../../../../common/clock.ts";

const MAX_LAG_US = 600_000_000;
/** Timers fire on the first turn of the loop after a whole millisecond: that much is not lag. */
const TIMER_RESOLUTION_MS = 1;

/** Histogram of lags, microseconds, 3 significant digits, up to 10 minutes. */
export const createLagHistogram = (): Histogram =>
  build({
    bitBucketSize: 32,
    highestTrackableValue: MAX_LAG_US,
    numberOfSignificantValueDigits: 3,
  });

export const recordLag = (histogram: Histogram, lagMs: number): void =>
  histogram.recordValue(Math.min(MAX_LAG_US, Math.max(0, Math.round(lagMs * 1000))));

/**
 * Sum of histograms that crossed a thread boundary as compressed base 64: exact, because counts are
 * added.
 */
export const mergeLagHistograms = (encoded: readonly string[]): Histogram => {
  const sum = createLagHistogram();
  for (const one of encoded) sum.add(decodeFromCompressedBase64(one));
  return sum;
};

/**
 * p99 and maximum, milliseconds, both to the histogram's three digits: so they do not depend on how
 * many threads there were.
 */
export const summarizeLag = (histogram: Histogram): { p99: number; max: number } =>
  histogram.totalCount === 0
    ? { p99: 0, max: 0 }
    : {
        p99: histogram.getValueAtPercentile(99) / 1000,
        max: histogram.getValueAtPercentile(100) / 1000,
      };

/**
 * How late this thread's event loop runs: a timer every few milliseconds looks how late it was. A
 * stall counts as all the samples that it swallowed (correction for coordinated omission), so one
 * second of standstill among ten is 10 % of the samples and not one in a thousand.
 * `monitorEventLoopDelay` knows neither that nor exact merging.
 */
export class LagMeter {
  readonly histogram = createLagHistogram();
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  start(): void {
    const startedMs = nowMs();
    this.#timer = setTimeout(() => {
      const lagMs = nowMs() - startedMs - this.#everyMs - TIMER_RESOLUTION_MS;
      const lagUs = Math.min(MAX_LAG_US, Math.max(0, Math.round(lagMs * 1000)));
      this.histogram.recordValueWithExpectedInterval(lagUs, this.#everyMs * 1000);
      this.start();
    }, this.#everyMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
