import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { skipN } from "pure-rand/utils/skipN";

/**
 * By then, generators with neighbouring seeds have nothing in common; before, their first draws
 * fall into the same tenth.
 */
const WARM_UP_DRAWS = 64;

/**
 * A generator whose first draw is already uniformly distributed over small and neighbouring seeds.
 */
export const seededRandom = (seed: number): RandomGenerator => {
  const random = xoroshiro128plus(seed);
  skipN(random, WARM_UP_DRAWS);
  return random;
};
