import { EXIT, ExitError } from "./exit-codes.ts";

/** A fraction in lowest terms. */
type Fraction = [numerator: number, denominator: number];

/**
 * The ids of the VUs that one process of a test runs, 1-based and unique over all processes. The
 * segments of a sequence take turns in proportion to their lengths. As with k6, processes without a
 * common sequence may take the same ids.
 *
 * @param segment `from:to`, e.g. `1/3:2/3`; undefined: the whole test
 * @param sequence e.g. `0,1/3,2/3,1`
 * @throws {@link ExitError} 104 with the reason
 */
export function vuIdsOfSegment(total: number, segment?: string, sequence?: string): number[] {
  const [from, to] = segment === undefined ? (["0", "1"] as const) : splitSegment(segment);
  const bounds = (sequence?.split(",") ?? [...new Set(["0", from, to, "1"])]).map(parseFraction);
  const sorted = bounds.every(
    (bound, index) => index === 0 || compare(bounds[index - 1] ?? bound, bound) < 0,
  );
  if (!sorted)
    throw invalid(`the execution segment sequence ${sequence ?? segment ?? ""} does not rise`);
  const own = bounds.findIndex((bound) => compare(bound, parseFraction(from)) === 0);
  const end = bounds[own + 1];
  if (own < 0 || end === undefined || compare(end, parseFraction(to)) !== 0) {
    throw invalid(
      `the execution segment ${segment ?? "0:1"} is not in the sequence ${sequence ?? ""}`,
    );
  }
  const cycle = bounds.map(([, denominator]) => denominator).reduce(leastCommonMultiple);
  const lengths = bounds.slice(1).map((bound, index) => {
    const start = bounds[index] ?? bound;
    return (bound[0] * cycle) / bound[1] - (start[0] * cycle) / start[1];
  });
  const owners = takeTurns(lengths, cycle);
  return Array.from({ length: total }, (_, index) => index + 1).filter(
    (id) => owners[(id - 1) % cycle] === own,
  );
}

/** The owner of each position of a cycle: the segment that is furthest behind its share. */
function takeTurns(lengths: readonly number[], cycle: number): number[] {
  const taken = lengths.map(() => 0);
  return Array.from({ length: cycle }, (_, position) => {
    const behind = lengths.map(
      (length, index) => (length * (position + 1)) / cycle - (taken[index] ?? 0),
    );
    const next = behind.indexOf(Math.max(...behind));
    taken[next] = (taken[next] ?? 0) + 1;
    return next;
  });
}

function splitSegment(segment: string): [string, string] {
  const parts = segment.split(":");
  if (parts.length > 2) throw invalid(`${segment} is not an execution segment`);
  return parts.length === 1 ? ["0", segment] : [parts[0] ?? "", parts[1] ?? ""];
}

function parseFraction(text: string): Fraction {
  const match = /^(\d+)\/(\d+)$|^(\d+)(?:\.(\d+))?(%)?$/.exec(text.trim());
  if (match === null) throw invalid(`${text} is not a fraction`);
  const decimals = match[4] ?? "";
  const fraction: Fraction =
    match[1] === undefined
      ? [
          Number(`${match[3] ?? ""}${decimals}`),
          10 ** decimals.length * (match[5] === undefined ? 1 : 100),
        ]
      : [Number(match[1]), Number(match[2])];
  if (fraction[1] === 0 || fraction[0] > fraction[1])
    throw invalid(`${text} is not between 0 and 1`);
  const divisor = greatestCommonDivisor(...fraction) || 1;
  return [fraction[0] / divisor, fraction[1] / divisor];
}

function compare(a: Fraction, b: Fraction): number {
  return a[0] * b[1] - b[0] * a[1];
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function leastCommonMultiple(a: number, b: number): number {
  return (a * b) / greatestCommonDivisor(a, b);
}

function invalid(message: string): ExitError {
  return new ExitError(message, EXIT.invalidConfig);
}
