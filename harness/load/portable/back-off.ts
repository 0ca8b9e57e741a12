import { seededRandom, type Random } from "../../../common/portable/seeded-random.ts";

/**
 * Exponential back-off with full jitter: uniformly random between 0 and `min(capMs, baseMs * 2 **
 * attempt)`.
 */
export class BackOff {
  baseMs: number;
  readonly #capMs: number;
  readonly #seed: number;
  /** Made at the first failure: most sessions never have one. */
  #random: Random | undefined;
  #attempt = 0;

  constructor(baseMs: number, capMs: number, seed: number) {
    this.baseMs = baseMs;
    this.#capMs = capMs;
    this.#seed = seed;
  }

  /** Delay before the next attempt, milliseconds. A base above the cap raises the cap. */
  nextMs(): number {
    this.#random = this.#random ?? seededRandom(this.#seed);
    const ceilingMs = Math.min(
      Math.max(this.#capMs, this.baseMs),
      this.baseMs * 2 ** this.#attempt,
    );
    this.#attempt++;
    return this.#random.float() * ceilingMs;
  }

  /** The next delay is a first one again. */
  reset(): void {
    this.#attempt = 0;
  }
}
