/**
 * One question for an instance's clock: when it was asked and answered on the process's own, all in
 * milliseconds.
 */
export interface ClockReading {
  askedMs: number;
  instanceMs: number;
  answeredMs: number;
}

/** A process whose readings are all whole milliseconds may have rounded them. */
const WHOLE_MS = 1;
/** Resolution of the time that instances state. */
const MICROSECOND_MS = 0.001;

/**
 * How far an instance's clock is ahead of a k6 process's. Each reading bounds the offset: the
 * instance looked at its clock after it was asked and before it had answered. What all of them
 * allow is the answer, so that one quick answer is worth more than a thousand slow ones.
 */
export class ClockOffset {
  #leastMs = -Infinity;
  #mostMs = Infinity;
  #whole = true;
  #quickest: ClockReading | undefined;

  add(reading: ClockReading): void {
    const { askedMs, instanceMs, answeredMs } = reading;
    const before = this.#quickest;
    if (before === undefined || answeredMs - askedMs < before.answeredMs - before.askedMs)
      this.#quickest = reading;
    this.#leastMs = Math.max(this.#leastMs, instanceMs - answeredMs);
    this.#mostMs = Math.min(this.#mostMs, instanceMs - askedMs);
    this.#whole = this.#whole && Number.isInteger(askedMs) && Number.isInteger(answeredMs);
  }

  /**
   * What to add to a time of the process to get the instances' clock, and how far that may be off.
   * Null without a reading, and when the readings contradict each other: then one of the clocks
   * does not run evenly, or the instances have several.
   */
  get bounds(): { offsetMs: number; errorMs: number } | null {
    const resolutionMs = this.#whole ? WHOLE_MS : MICROSECOND_MS;
    const leastMs = this.#leastMs - resolutionMs;
    const mostMs = this.#mostMs + resolutionMs;
    if (!Number.isFinite(leastMs) || leastMs > mostMs) return null;
    return { offsetMs: (leastMs + mostMs) / 2, errorMs: (mostMs - leastMs) / 2 };
  }

  /**
   * What the quickest answer alone says, however much others contradict it: something to lay
   * records by. Null without a reading.
   */
  get roughMs(): number | null {
    const quickest = this.#quickest;
    return quickest === undefined
      ? null
      : quickest.instanceMs - (quickest.askedMs + quickest.answeredMs) / 2;
  }
}
