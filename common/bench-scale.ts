/**
 * How much a bench does, as a share of its full size: above 0 and up to 1.
 *
 * @param scale `BENCH_SCALE`; undefined: the full size
 * @throws Error when it is no such number
 */
export function benchScale(scale = process.env["BENCH_SCALE"]): number {
  const share = Number(scale ?? 1);
  if (!(share > 0 && share <= 1))
    throw new Error(`BENCH_SCALE is ${JSON.stringify(scale)}: give a number above 0 and up to 1`);
  return share;
}
