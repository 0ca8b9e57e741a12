/** The sequence of bounces of a chaos run: the same seed gives the same one. */
import { seededRandom } from "../../common/portable/seeded-random.ts";
import { BOUNCE_KINDS, type BounceKind } from "../history/observation.ts";

/** What a chaos run may consist of. */
export type ChaosKind = Exclude<BounceKind, "none" | "migration" | "chaos">;
export const CHAOS_KINDS = BOUNCE_KINDS.filter(
  (kind): kind is ChaosKind => kind !== "none" && kind !== "migration" && kind !== "chaos",
);

export interface ChaosStep {
  kind: ChaosKind;
  /** Longest time from its start to its end on a busy host, seconds. */
  seconds: number;
  /** Selects its targets. */
  seed: number;
}

export interface ChaosRequest {
  /** The kinds that topology and platform allow. */
  kinds: readonly ChaosKind[];
  /** As {@link ChaosStep.seconds}. */
  secondsOf: (kind: ChaosKind) => number;
  /** Length of the whole sequence, seconds. */
  lengthS: number;
  seed: number;
}

/** From the end of a step, when the service is back, to the start of the next, seconds. */
export const SETTLE_S = 3;

/** An instance that is removed is added again. */
const PAIR: readonly ChaosKind[] = ["scale-in", "scale-out"];

/** The sequence has separate draws. */
const CHAOS_SALT = 0x1b873593;

/**
 * Every kind comes once before one comes again, as far as the time reaches. A kind that is too long
 * for what is left makes way for a shorter one.
 */
export function planChaos({ kinds, secondsOf, lengthS, seed }: ChaosRequest): ChaosStep[] {
  const drawn = kinds.filter((kind) => kind !== "scale-out");
  const neededS = (kind: ChaosKind): number =>
    (kind === "scale-in" ? PAIR : [kind]).reduce((sum, one) => sum + secondsOf(one) + SETTLE_S, 0);
  const random = seededRandom(seed ^ CHAOS_SALT);
  const steps: ChaosStep[] = [];
  let leftS = lengthS;
  let bag: ChaosKind[] = [];
  for (;;) {
    bag = bag.filter((kind) => neededS(kind) <= leftS);
    if (bag.length === 0) bag = drawn.filter((kind) => neededS(kind) <= leftS);
    const [kind] = bag.splice(random.integer(0, bag.length - 1), 1);
    if (kind === undefined) return steps;
    // Every other step finds all instances there.
    for (const part of kind === "scale-in" ? PAIR : [kind]) {
      const seconds = secondsOf(part);
      leftS -= seconds + SETTLE_S;
      steps.push({ kind: part, seconds, seed: random.integer(0, 2 ** 31 - 1) });
    }
  }
}
