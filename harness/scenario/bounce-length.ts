import type { BounceKind } from "../history/observation.ts";
import { DEFAULT_SCENARIO } from "./default-scenario.ts";
import { replicasOf, selectTopologies, type Scenario } from "./scenario.ts";

/**
 * Longest time from the start of a bounce to its end on a quiet host, seconds, as the platform
 * states it. A load that is shorter does not show the whole bounce, and its run is `unknown`.
 */
export type BounceSeconds = (kind: BounceKind, replicas: number) => number;

type BounceScenario = Pick<Scenario, "topologies" | "bounces" | "replicas">;

/** How much longer a bounce takes on a busy host. */
const BUSY_FACTOR = 1.15;

/** Seconds of load that the longest bounce of the scenario needs. */
export function longestBounce(scenario: BounceScenario, bounceSeconds: BounceSeconds): number {
  const topologies = selectTopologies(scenario);
  const replicas = Math.max(...topologies.map((topology) => replicasOf(topology, scenario)));
  return Math.max(...scenario.bounces.map((bounce) => bounceSeconds(bounce, replicas)));
}

/**
 * The default duration of the load, seconds. It is longer if a bounce on this platform needs it.
 */
export const durationFor = (scenario: BounceScenario, bounceSeconds: BounceSeconds): number =>
  Math.max(
    DEFAULT_SCENARIO.duration,
    Math.ceil(BUSY_FACTOR * longestBounce(scenario, bounceSeconds)),
  );
