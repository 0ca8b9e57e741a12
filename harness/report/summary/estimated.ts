/** Numbers that are worked out from measured ones, with what is known of their error. */
import { intervalOf, meanOf, type Repeat } from "../../checker/statistics/judge-differences.ts";
import { DASH } from "../format.ts";

/** A measured or worked-out number with its 95 %; without them, too little was measured. */
export interface Estimated {
  value: number;
  low: number | null;
  high: number | null;
}

/** Null without repeats. */
export const estimatedOf = (repeats: readonly Repeat[], most = Infinity): Estimated | null => {
  if (repeats.length === 0) return null;
  const interval = intervalOf(repeats);
  return {
    value: meanOf(repeats.map(({ value }) => value)),
    low: interval && Math.max(0, interval.low),
    high: interval && Math.min(most, interval.high),
  };
};

/** @param work must not fall as its argument grows */
export const mapEstimated = (
  { value, low, high }: Estimated,
  work: (value: number) => number,
): Estimated => ({
  value: work(value),
  low: low === null ? null : work(low),
  high: high === null ? null : work(high),
});

/** `4,000 [3,100–4,900]`; a dash if it is not known. */
export const formatEstimated = (
  estimated: Estimated | null,
  format: (value: number | null) => string,
): string => {
  if (estimated === null) return DASH;
  const { value, low, high } = estimated;
  if (low === null || high === null) return `${format(value)} (no interval)`;
  return `${format(value)} [${format(low)}–${format(high)}]`;
};
