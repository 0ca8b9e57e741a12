/** Whether two sets of repeats differ by more than chance, and how that was judged. */
import { CHANCE_SIGMAS } from "../../checker/thresholds.ts";

export interface Sample {
  /** One value per run. */
  values: readonly number[];
  /**
   * Independent trials behind each value, when the values are ratios: sessions, not events, because
   * the events of one session are lost together. Left out: the values are no ratios, and a single
   * run cannot be judged.
   */
  trials?: number;
}

export interface Difference {
  /** Of the second sample against the first. */
  direction: "higher" | "lower" | "same" | "not judged";
  /** One clause that says how this was judged. */
  how: string;
}

const byRanges = (first: readonly number[], second: readonly number[]): Difference => {
  const spread = `the spread of ${first.length} and ${second.length} repeats`;
  if (Math.min(...second) > Math.max(...first))
    return { direction: "higher", how: `outside ${spread}` };
  if (Math.max(...second) < Math.min(...first))
    return { direction: "lower", how: `outside ${spread}` };
  return { direction: "same", how: `within ${spread}` };
};

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const byBinomial = (first: Sample, second: Sample): Difference => {
  const [trialsA, trialsB] = [
    (first.trials ?? 0) * first.values.length,
    (second.trials ?? 0) * second.values.length,
  ];
  const [a, b] = [mean(first.values), mean(second.values)];
  const pooled = (a * trialsA + b * trialsB) / (trialsA + trialsB);
  const standardError = Math.sqrt(pooled * (1 - pooled) * (1 / trialsA + 1 / trialsB));
  const how = `${CHANCE_SIGMAS} binomial standard errors over ${trialsA} and ${trialsB} sessions`;
  if (Math.abs(b - a) <= CHANCE_SIGMAS * standardError)
    return { direction: "same", how: `within ${how}` };
  return { direction: b > a ? "higher" : "lower", how: `beyond ${how}` };
};

/**
 * Two or more runs on each side: different when their ranges do not overlap. A single run on a
 * side: ratios are compared as binomial shares of their sessions, anything else is not judged.
 */
export const judgeDifference = (first: Sample, second: Sample): Difference => {
  if (first.values.length === 0 || second.values.length === 0)
    return { direction: "not judged", how: "not measured on both sides" };
  if (first.values.length > 1 && second.values.length > 1)
    return byRanges(first.values, second.values);
  if (!first.trials || !second.trials)
    return { direction: "not judged", how: "not judged, as a single run has no spread" };
  return byBinomial(first, second);
};
