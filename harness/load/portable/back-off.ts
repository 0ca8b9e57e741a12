import { seededRandom, type Random } from "../../../common/portable/seeded-random.ts";

/**
 * How much of a delay is random. `none`: nothing. `equal`: its second half. `full`: all of it.
 */
export const JITTERS = ["none", "equal", "full"] as const;
export type Jitter = (typeof JITTERS)[number];

/** The share of a delay that is certain. The rest is uniformly random. */
const CERTAIN: Readonly<Record<Jitter, number>> = { none: 1, equal: 0.5, full: 0 };

/** Exponential back-off: up to `min(capMs, baseMs * 2 ** attempt)`, as the jitter says. */
export class BackOff {
  baseMs: number;
  readonly #capMs: number;
  readonly #seed: number;
  readonly #certain: number;
  /** Made at the first failure: most sessions never have one. */
  #random: Random | undefined;
  #attempt = 0;

  constructor(baseMs: number, capMs: number, seed: number, jitter: Jitter = "full") {
    this.baseMs = baseMs;
    this.#capMs = capMs;
    this.#seed = seed;
    this.#certain = CERTAIN[jitter];
  }

  /** Delay before the next attempt, milliseconds. A base above the cap raises the cap. */
  nextMs(): number {
    this.#random = this.#random ?? seededRandom(this.#seed);
    const ceilingMs = Math.min(
      Math.max(this.#capMs, this.baseMs),
      this.baseMs * 2 ** this.#attempt,
    );
    this.#attempt++;
    return (this.#certain + (1 - this.#certain) * this.#random.float()) * ceilingMs;
  }

  /** The next delay is a first one again. */
  reset(): void {
    this.#attempt = 0;
  }
}
