/** Figures of repeated runs. Percentiles are never averaged: the median of the runs' figures is shown, and the spread beside it. */

export interface Spread {
  median: number;
  min: number;
  max: number;
  /** Runs that had the figure. */
  runs: number;
}

/** Median, smallest and largest of what the runs measured. Null when no run had the figure. */
export const spreadOf = (values: readonly (number | null)[]): Spread | null => {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const below = sorted[Math.floor((sorted.length - 1) / 2)];
  const above = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (min === undefined || max === undefined || below === undefined || above === undefined) return null;
  return { median: (below + above) / 2, min, max, runs: sorted.length };
};

/** `4.2 ms`, or `4.2 ms [3.9 ms–5.0 ms]` when repeats differ as they are written. */
export const formatSpread = (spread: Spread | null, format: (value: number | null) => string): string => {
  if (spread === null) return format(null);
  const [median, min, max] = [format(spread.median), format(spread.min), format(spread.max)];
  return min === max ? median : `${median} [${min}–${max}]`;
};
