import { runSeed, seededRandom } from "../../common/portable/seeded-random.ts";
import type { BounceKind } from "../history/observation.ts";
import { longerBy } from "../nemesis/bounce-settings.ts";
import { RAMP_DURATION_S, steadyDuration } from "./load-times.ts";
import { replicasOf, selectTopologies, type Scenario } from "./scenario.ts";

/**
 * Longest time from the start of a bounce to its end on a quiet host, seconds, as the platform
 * states it. A load that is shorter does not show the whole bounce, and its run is `unknown`.
 */
export type BounceSeconds = (kind: BounceKind, replicas: number) => number;

/** As {@link BounceSeconds}, with the settings of the scenario. */
export const bounceSecondsOf =
  ({ bounceSettings }: Pick<Scenario, "bounceSettings">, seconds: BounceSeconds): BounceSeconds =>
  (kind, replicas) => {
    const usual = seconds(kind, replicas);
    return usual === 0 ? 0 : Math.max(0.1, usual + longerBy(bounceSettings, kind, replicas));
  };

/** How much longer a bounce takes on a busy host. */
export const BUSY_FACTOR = 1.15;

/** Shortest time from the end of the warm-up to a bounce, and from its end to that of the load. */
const BEFORE_BOUNCE_S = 0.5;
export const AFTER_BOUNCE_S = 1;

/** Default length of the interval in which a bounce begins at a random time, seconds. */
const BOUNCE_WINDOW_S = 2;

/** The bounce's time has draws of its own. */
const BOUNCE_SALT = 0x2545f491;

/** Seconds of the longest bounce of the scenario. */
export function longestBounce(
  scenario: Pick<Scenario, "topologies" | "bounces" | "replicas" | "bounceSettings">,
  bounceSeconds: BounceSeconds,
): number {
  const secondsOf = bounceSecondsOf(scenario, bounceSeconds);
  const topologies = selectTopologies(scenario);
  const replicas = Math.max(...topologies.map((topology) => replicasOf(topology, scenario)));
  return Math.max(...scenario.bounces.map((bounce) => secondsOf(bounce, replicas)));
}

/** The default duration of a `ramp` load, seconds. */
export const rampDurationFor = (scenario: Scenario, bounceSeconds: BounceSeconds): number =>
  Math.max(RAMP_DURATION_S, Math.ceil(BUSY_FACTOR * longestBounce(scenario, bounceSeconds)));

/** What decides the times of one run. */
export interface TimedRun {
  scenario: Scenario;
  bounce: BounceKind;
  /** 1-based. */
  repeat: number;
  /** Longest time of the bounce on a quiet host, seconds; 0 without a bounce. */
  bounceS: number;
}

/** Length of the load of a run, seconds: by default as long as its bounce needs. */
export function durationOf({ scenario, bounce, bounceS }: TimedRun): number {
  const { arrival, duration, warmUp } = scenario;
  if (bounce === "none" || arrival === "ramp" || duration !== undefined)
    return steadyDuration(scenario);
  const aroundS = BEFORE_BOUNCE_S + BOUNCE_WINDOW_S + AFTER_BOUNCE_S;
  return warmUp + Math.ceil(aroundS + BUSY_FACTOR * bounceS);
}

/**
 * When the bounce of a `stationary` load begins, seconds after the load's start: at a random time
 * after the warm-up that leaves time for the whole bounce. Seed and repeat decide it.
 */
export function bounceStartS(run: TimedRun): number {
  const { seed, warmUp } = run.scenario;
  const latestS = durationOf(run) - AFTER_BOUNCE_S - BUSY_FACTOR * run.bounceS;
  const earliestS = Math.min(warmUp + BEFORE_BOUNCE_S, Math.max(warmUp, latestS));
  const random = seededRandom(runSeed({ seed, repeat: run.repeat }) ^ BOUNCE_SALT);
  return earliestS + random.float() * Math.max(0, latestS - earliestS);
}
