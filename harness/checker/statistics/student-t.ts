/** Student's t distribution, for one and more degrees of freedom, whole or not. */

/** From here on the distribution is nearly the normal one: its quantiles differ by 0.2 %. */
const MOST_DEGREES = 1_000;

/**
 * For Simpson's rule. Quantiles are right to three digits, below two degrees to two: there the
 * density has no derivative at its end, which takes more.
 */
const panelsFor = (degrees: number): number => (degrees < 3 ? 200 : 40);

/**
 * The integral of cos^(degrees - 1) between two angles. With t = sqrt(degrees) tan(angle), this is
 * the distribution's density up to a constant.
 */
const arc = (degrees: number, from: number, to: number): number => {
  const panels = panelsFor(degrees);
  const width = (to - from) / panels;
  // Rounding may carry the last angle past a right one, where the cosine is negative.
  const at = (index: number): number =>
    Math.max(0, Math.cos(from + index * width)) ** (degrees - 1);
  let sum = at(0) + at(panels);
  for (let index = 1; index < panels; index++) sum += at(index) * (index % 2 === 1 ? 4 : 2);
  return (sum * width) / 3;
};

const clamped = (degrees: number): number => Math.min(Math.max(degrees, 1), MOST_DEGREES);

/** Half of the whole integral is concentrated within a few widths of 1 / sqrt(degrees). */
const halfOf = (degrees: number): number => {
  const bulk = Math.min(Math.PI / 4, 8 / Math.sqrt(degrees));
  return arc(degrees, 0, bulk) + arc(degrees, bulk, Math.PI / 2);
};

/**
 * The probability of a value above `t`.
 * @param degrees degrees of freedom; less than 1 counts as 1
 */
export const tailOf = (t: number, degrees: number): number => {
  if (t < 0) return 1 - tailOf(-t, degrees);
  const known = clamped(degrees);
  const from = Math.atan(t / Math.sqrt(known));
  const bulk = Math.min(Math.PI / 2, from + 8 / Math.sqrt(known));
  return (arc(known, from, bulk) + arc(known, bulk, Math.PI / 2)) / (2 * halfOf(known));
};

/**
 * The value that a share of the distribution lies below.
 * @param share 0.5 to below 1
 * @param degrees degrees of freedom; less than 1 counts as 1
 */
export const quantileOf = (share: number, degrees: number): number => {
  const known = clamped(degrees);
  let missing = (2 * share - 1) * halfOf(known);
  // Newton's method from below: the integral is concave, so no step goes past the answer.
  let angle = 0;
  for (let step = 0; step < 100; step++) {
    const further = missing / Math.cos(angle) ** (known - 1);
    if (!(further > 1e-9)) break;
    missing -= arc(known, angle, angle + further);
    angle += further;
  }
  return Math.sqrt(known) * Math.tan(angle);
};
