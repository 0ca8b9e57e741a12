/** Every bound of a run by k6, in one place. Milliseconds. */
export interface K6Limits {
  /** Distance between two looks at what k6 wrote. */
  lookMs: number;
  /** Distance between two progress reports and two readings of what k6 uses. */
  progressMs: number;
  /** From the start of k6 to the first arrival at the latest: it makes its VUs first, and may have to fetch an extension. */
  startMs: number;
  /** A session that is this late after the last planned arrival holds nothing up any longer. */
  lateArrivalMs: number;
  /** From the end of the drain to the end of k6: it writes its summary. */
  exitMs: number;
}

export const K6_LIMITS: Readonly<K6Limits> = {
  lookMs: 100,
  progressMs: 1_000,
  startMs: 120_000,
  lateArrivalMs: 5_000,
  exitMs: 15_000,
};
