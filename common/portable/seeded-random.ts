/** Draws of one seed. The same seed gives the same draws on Node, in browsers and in k6. */
export interface Random {
  /** Uniform in [0, 1), in steps of 2 ** -32. */
  float(): number;
  /** Uniform over the integers from `least` to `most`, at most 2 ** 31 of them. */
  integer(least: number, most: number): number;
}

/** By then, generators with neighbouring seeds have nothing in common. */
const WARM_UP_DRAWS = 12;

/**
 * A generator whose first draw is already uniformly distributed over small and neighbouring seeds:
 * sfc32, Chris Doty-Humphrey's 32-bit "small fast counting" generator (pracrand.sourceforge.net).
 * It is here because k6 and browsers load no package.
 *
 * @param seed integer; its lowest 32 bits count
 */
export function seededRandom(seed: number): Random {
  let [a, b, c, counter] = [0, seed | 0, 0, 1];
  const draw = (): number => {
    const drawn = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + drawn) | 0;
    return drawn >>> 0;
  };
  for (let done = 0; done < WARM_UP_DRAWS; done++) draw();
  const float = (): number => draw() / 2 ** 32;
  return {
    float,
    integer: (least, most) => least + Math.floor(float() * (most - least + 1)),
  };
}

/** Golden ratio of 32 bits: repeats of neighbouring seeds have nothing in common. */
const REPEAT_STEP = 0x9e3779b9;

/** The seed of one repeat; the first has the seed itself. @param repeat 1-based */
export const runSeed = ({ seed, repeat }: { seed: number; repeat: number }): number =>
  (seed + Math.imul(repeat - 1, REPEAT_STEP)) >>> 0;
