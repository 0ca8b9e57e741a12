import type { Spread } from "../run-figures.ts";

/** The mean of one value a stream, and the deviation of a single stream. */
export function spreadOf(values: readonly number[]): Spread {
  const streams = values.length;
  if (streams === 0) return { streams, mean: 0, deviation: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / streams;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { streams, mean, deviation: streams < 2 ? 0 : Math.sqrt(squares / (streams - 1)) };
}
