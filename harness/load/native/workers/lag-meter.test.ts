import { encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { expect, test, vi } from "vitest";
import { nowMs } from "../../../../common/clock.ts";
import {
  createLagHistogram,
  LagMeter,
  mergeLagHistograms,
  recordLag,
  summarizeLag,
} from "./lag-meter.ts";

const blockLoop = (forMs: number): void => {
  for (const until = nowMs() + forMs; nowMs() < until;);
};

test("a loop that is blocked on purpose is reported with the whole length of its stall", async () => {
  const meter = new LagMeter(10);
  meter.start();
  blockLoop(300);
  await vi.waitFor(() => expect(meter.histogram.totalCount).toBeGreaterThan(0));
  meter.stop();
  expect(summarizeLag(meter.histogram).max).toBeGreaterThanOrEqual(280);
});

test("a stall counts as all the samples that it swallowed", async () => {
  const meter = new LagMeter(10);
  meter.start();
  blockLoop(300);
  await vi.waitFor(() => expect(meter.histogram.totalCount).toBeGreaterThan(0));
  meter.stop();
  expect(meter.histogram.totalCount).toBeGreaterThanOrEqual(28);
  expect(meter.histogram.getValueAtPercentile(50) / 1000).toBeGreaterThan(100);
});

test("merging histograms of several threads gives what one histogram of all values would", () => {
  const values = Array.from({ length: 3_000 }, (_, i) => (i * 7919) % 1_000);
  const parts = [0, 1, 2].map(() => createLagHistogram());
  const whole = createLagHistogram();
  values.forEach((ms, i) => {
    recordLag(parts[i % 3]!, ms);
    recordLag(whole, ms);
  });
  const merged = mergeLagHistograms(parts.map((part) => encodeIntoCompressedBase64(part)));
  for (const percentile of [0, 50, 90, 99, 99.9, 100]) {
    expect(merged.getValueAtPercentile(percentile)).toBe(whole.getValueAtPercentile(percentile));
  }
  expect(summarizeLag(merged)).toEqual(summarizeLag(whole));
});

test("nothing measured is no lag", () => {
  expect(summarizeLag(mergeLagHistograms([]))).toEqual({ p99: 0, max: 0 });
});

test("a lag beyond the histogram's range counts as the largest that it can hold", () => {
  const histogram = createLagHistogram();
  recordLag(histogram, 1e12);
  expect(summarizeLag(histogram).max).toBeGreaterThan(599_000);
});
