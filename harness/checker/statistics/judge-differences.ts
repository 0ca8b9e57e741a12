/**
 * The one way in which two sides are compared, by `compare`, the report's sentences and
 * `cross-check`. Questions that are asked together are judged together: of all tables without a
 * difference, at most {@link FALSE_ALARMS} show any (Holm's correction).
 */
import { quantileOf, tailOf } from "./student-t.ts";

export const FALSE_ALARMS = 0.05;

/** The probability with which a difference of the size of `seen` is found. */
export const POWER = 0.8;

/** From this many repeats on, they alone show how runs differ (Welch's t test). */
export const ENOUGH_REPEATS = 4;

/**
 * Single runs do not show how runs differ. Their standard deviation is then assumed to be this
 * share of the figure: twice what losses had over the repeats of the reference run.
 */
export const ASSUMED_DEVIATION = 0.1;

/** The figure of one run. */
export interface Repeat {
  value: number;
  /**
   * How the figure differs between the run's sessions, if it is their mean. The standard deviation
   * of one session, in the unit of the figure.
   */
  sessions?: { deviation: number; count: number };
}

/** A difference must exceed both, or it is of no consequence. */
export interface Least {
  /** Of the mean of the first side: 0.1 is 10 %. */
  share: number;
  /** In the unit of the figure. */
  amount: number;
}

export interface Question {
  a: readonly Repeat[];
  b: readonly Repeat[];
  least: Least;
  /** True for times, whose scatter grows with their size: judged by the ratio b / a. */
  byRatio?: boolean;
}

export interface Judgement {
  /** Of b against a. `none seen`: the two cannot be told apart. */
  direction: "higher" | "lower" | "none seen" | "not judged";
  /** Of the means: b - a, or b / a if judged by the ratio. Null if a side has no repeat. */
  change: number | null;
  /** 95 % of this change. Null if not judged. */
  interval: readonly [low: number, high: number] | null;
  /**
   * The smallest change that would be found with a probability of {@link POWER}: a difference of b
   * and a, or a share of a if judged by the ratio. Null if not judged.
   */
  seen: number | null;
  byRatio: boolean;
}

/** A part of the variance of a difference, and how well it is known. */
interface Part {
  variance: number;
  degrees: number;
}

interface Estimate {
  /** On the judged scale: a difference, or the logarithm of a ratio. */
  difference: number;
  least: number;
  /** Standard error. */
  error: number;
  degrees: number;
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

export const meanOf = (values: readonly number[]): number => sum(values) / values.length;

/** The sample's variance; at least two values. */
export const varianceOf = (values: readonly number[]): number =>
  sum(values.map((value) => (value - meanOf(values)) ** 2)) / (values.length - 1);

/**
 * The variance of a side's mean. With few repeats, that of a bootstrap which draws repeats, and
 * sessions in each: the sum of both, since the figures are means. Null if it cannot be known.
 * @param enough so many repeats need no sessions
 */
const partsOf = (side: readonly Repeat[], enough = ENOUGH_REPEATS): Part[] | null => {
  const repeats = side.length;
  const between = (): Part => ({
    variance: varianceOf(side.map(({ value }) => value)) / repeats,
    degrees: repeats - 1,
  });
  if (repeats >= enough) return [between()];
  const sessions = side.flatMap((repeat) => repeat.sessions ?? []);
  const counts = sessions.map(({ count }) => count);
  if (repeats === 0 || sessions.length < repeats || Math.min(...counts) < 2) return null;
  const within: Part = {
    variance: sum(sessions.map(({ deviation, count }) => deviation ** 2 / count)) / repeats ** 2,
    degrees: sum(counts) - repeats,
  };
  const [first] = side;
  return repeats === 1 && first
    ? [{ variance: (ASSUMED_DEVIATION * first.value) ** 2, degrees: Infinity }, within]
    : [between(), within];
};

/** The degrees of freedom of a sum of variances, after Welch and Satterthwaite. */
const degreesOf = (parts: readonly Part[]): number => {
  const whole = sum(parts.map(({ variance }) => variance)) ** 2;
  const each = sum(parts.map(({ variance, degrees }) => variance ** 2 / degrees));
  return each > 0 ? whole / each : Infinity;
};

const logarithm = ({ value, sessions }: Repeat): Repeat => ({
  value: Math.log(value),
  ...(sessions && { sessions: { ...sessions, deviation: sessions.deviation / value } }),
});

const canBeRatio = ({ a, b, byRatio }: Question): boolean =>
  byRatio === true && [...a, ...b].every(({ value }) => value > 0);

const estimate = (question: Question): Estimate | null => {
  const byRatio = canBeRatio(question);
  const [a, b] = [question.a, question.b].map((side) => (byRatio ? side.map(logarithm) : side)) as [
    readonly Repeat[],
    readonly Repeat[],
  ];
  const [partsA, partsB] = [partsOf(a), partsOf(b)];
  if (partsA === null || partsB === null) return null;
  // In an order of their own, so that swapped sides add up to the same.
  const parts = [...partsA, ...partsB].sort(
    (one, other) => one.variance - other.variance || one.degrees - other.degrees,
  );
  const values = (side: readonly Repeat[]): number[] => side.map(({ value }) => value);
  const mean = Math.abs(meanOf(values(question.a)));
  const least = Math.max(question.least.share * mean, question.least.amount);
  return {
    difference: meanOf(values(b)) - meanOf(values(a)),
    least: byRatio ? Math.log1p(least / mean) : least,
    error: Math.sqrt(sum(parts.map(({ variance }) => variance))),
    degrees: degreesOf(parts),
  };
};

/** From this many repeats on, a report shows their mean with an interval. */
const SHOWN_REPEATS = 3;

/** The 95 % interval of the mean of repeats. Null if they are too few to tell. */
export const intervalOf = (side: readonly Repeat[]): { low: number; high: number } | null => {
  const parts = partsOf(side, SHOWN_REPEATS);
  if (parts === null) return null;
  const error = Math.sqrt(sum(parts.map(({ variance }) => variance)));
  const margin = error === 0 ? 0 : quantileOf(0.975, degreesOf(parts)) * error;
  const mean = meanOf(side.map(({ value }) => value));
  return { low: mean - margin, high: mean + margin };
};

/** How probable a difference as large is, if the true one is just of no consequence. */
const probabilityOf = ({ difference, least, error, degrees }: Estimate): number => {
  const size = Math.abs(difference);
  if (size <= least) return 1;
  if (error === 0) return 0;
  return tailOf((size - least) / error, degrees) + tailOf((size + least) / error, degrees);
};

/** Which of these probabilities show a difference, if no false one may be among them. */
const byHolm = (probabilities: readonly number[]): Set<number> => {
  const order = probabilities.map((_, index) => index);
  order.sort((one, other) => (probabilities[one] ?? 1) - (probabilities[other] ?? 1));
  const shown = order.findIndex(
    (index, rank) => (probabilities[index] ?? 1) > FALSE_ALARMS / (order.length - rank),
  );
  return new Set(shown === -1 ? order : order.slice(0, shown));
};

const changeOf = (question: Question): number | null => {
  if (question.a.length === 0 || question.b.length === 0) return null;
  const byRatio = canBeRatio(question);
  const mean = (side: readonly Repeat[]): number =>
    meanOf(side.map(({ value }) => (byRatio ? Math.log(value) : value)));
  const change = mean(question.b) - mean(question.a);
  return byRatio ? Math.exp(change) : change;
};

const judged = (known: Estimate, byRatio: boolean, isShown: boolean, asked: number): Judgement => {
  const { difference, least, error, degrees } = known;
  const margin = error === 0 ? 0 : quantileOf(0.975, degrees) * error;
  const quantiles =
    error === 0
      ? 0
      : quantileOf(1 - FALSE_ALARMS / (2 * asked), degrees) + quantileOf(POWER, degrees);
  const seen = least + quantiles * error;
  const scaled = byRatio ? Math.exp : (value: number): number => value;
  return {
    direction: isShown ? (difference > 0 ? "higher" : "lower") : "none seen",
    change: scaled(difference),
    interval: [scaled(difference - margin), scaled(difference + margin)],
    seen: byRatio ? Math.expm1(seen) : seen,
    byRatio,
  };
};

/** Judges questions that are asked together, in their order. */
export const judgeDifferences = (questions: readonly Question[]): Judgement[] => {
  const estimates = questions.map(estimate);
  const known = estimates.filter((one) => one !== null);
  const shown = byHolm(known.map(probabilityOf));
  return questions.map((question, index): Judgement => {
    const one = estimates[index] ?? null;
    const byRatio = canBeRatio(question);
    if (one !== null) return judged(one, byRatio, shown.has(known.indexOf(one)), known.length);
    const change = changeOf(question);
    return { direction: "not judged", change, interval: null, seen: null, byRatio };
  });
};
