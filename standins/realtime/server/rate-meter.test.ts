import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RateMeter } from "./rate-meter.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const SAMPLE_MS = 5000;
const countTimes = (meter: RateMeter, times: number): void => {
  for (let n = 0; n < times; n += 1) meter.count();
};

test("the first bucket is empty, so a burst passes and a sustained overload triggers", () => {
  const meter = new RateMeter(100, SAMPLE_MS);
  countTimes(meter, 750);
  expect(meter.triggered).toBe(false);
  vi.advanceTimersByTime(SAMPLE_MS);
  // 750 events over two buckets of 5 s.
  expect(meter.perSecond).toBe(75);
  expect(meter.triggered).toBe(false);
  countTimes(meter, 750);
  vi.advanceTimersByTime(SAMPLE_MS);
  expect(meter.perSecond).toBe(100);
  expect(meter.triggered).toBe(true);
});

test("the limit clears when the mean of at most twelve buckets is below it", () => {
  const meter = new RateMeter(10, SAMPLE_MS);
  countTimes(meter, 600);
  vi.advanceTimersByTime(SAMPLE_MS);
  expect(meter.triggered).toBe(true);
  vi.advanceTimersByTime(10 * SAMPLE_MS);
  expect(meter.perSecond).toBe(10);
  expect(meter.triggered).toBe(true);
  // Out go the empty first bucket, then the full one.
  vi.advanceTimersByTime(2 * SAMPLE_MS);
  expect(meter.triggered).toBe(false);
});

test("a limit of 0 triggers from the start, as on the real server", () => {
  expect(new RateMeter(0, SAMPLE_MS).triggered).toBe(true);
});

test("after five idle minutes the meter restarts", () => {
  const meter = new RateMeter(10, SAMPLE_MS);
  meter.count();
  vi.advanceTimersByTime(600_000);
  expect(vi.getTimerCount()).toBe(0);
  countTimes(meter, 100);
  vi.advanceTimersByTime(SAMPLE_MS);
  // Two buckets, not thirteen.
  expect(meter.perSecond).toBe(10);
});

test("the rate is the mean of the last twelve buckets, including the empty first one", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { minLength: 1, maxLength: 30 }), (counts) => {
      const meter = new RateMeter(1e9, SAMPLE_MS);
      for (const count of counts) {
        countTimes(meter, count);
        // A bucket without events still counts.
        expect(meter.triggered).toBe(false);
        vi.advanceTimersByTime(SAMPLE_MS);
      }
      const buckets = [0, ...counts].slice(-12);
      const sum = buckets.reduce((total, count) => total + count, 0);
      expect(meter.perSecond).toBeCloseTo(sum / buckets.length / 5, 9);
      meter.stop();
    }),
  );
});
