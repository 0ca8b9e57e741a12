import type { Random } from "../../../common/portable/seeded-random.ts";
import type { PlannedLoad } from "./load-plan.ts";

/** When a session arrives, milliseconds after the load's start, and the events of its pipeline. */
export interface PlannedArrival {
  arriveOffsetMs: number;
  /** The terminal event included. */
  events: number;
}

/** A pipeline has at least one event beside its terminal one. */
const LEAST_EVENTS = 2;

/** Pipeline lengths are uniform within these multiples of their mean. */
export const SHORTEST = 0.5;
export const LONGEST = 1.5;

/** Events of one pipeline run of a `ramp` load, the terminal one included. */
export const eventsOf = (plan: PlannedLoad): number =>
  Math.max(LEAST_EVENTS, Math.round(plan.eventsPerSecond * plan.durationS));

/** All sessions, spread at random over the ramp. */
export const rampArrivals = (plan: PlannedLoad, random: Random): PlannedArrival[] => {
  const events = eventsOf(plan);
  return Array.from({ length: plan.sessions }, () => ({
    arriveOffsetMs: random.float() * plan.rampS * 1000,
    events,
  }));
};

/**
 * Each of the `sessions` places is a renewal process: if a pipeline ends, the next session arrives.
 * A place begins at a random moment of the ramp, within a pipeline that has been running for a
 * while. From then on it is stationary, so that a bounce at any time meets pipelines of every age.
 * A pipeline that would outlive the load ends with it.
 */
export const stationaryArrivals = (plan: PlannedLoad, random: Random): PlannedArrival[] =>
  Array.from({ length: plan.sessions }, () => placeArrivals(plan, random)).flat();

function placeArrivals(plan: PlannedLoad, random: Random): PlannedArrival[] {
  const { eventsPerSecond: rate, durationS, pipelineS, rampS } = plan;
  const leastS = LEAST_EVENTS / rate;
  const arrivals: PlannedArrival[] = [];
  let atS = random.float() * rampS;
  let lengthS = remainingS(pipelineS, random);
  while (atS + leastS <= durationS) {
    const events = Math.max(LEAST_EVENTS, Math.floor(Math.min(lengthS, durationS - atS) * rate));
    arrivals.push({ arriveOffsetMs: atS * 1000, events });
    atS += Math.max(lengthS, leastS);
    lengthS = pipelineS * (SHORTEST + random.float() * (LONGEST - SHORTEST));
  }
  return arrivals;
}

/**
 * What remains, at a random moment, of the pipeline that runs then: longer pipelines are met more
 * often, each at a uniformly random age.
 */
function remainingS(pipelineS: number, random: Random): number {
  for (;;) {
    const multiple = SHORTEST + random.float() * (LONGEST - SHORTEST);
    if (random.float() * LONGEST <= multiple) return pipelineS * multiple * random.float();
  }
}
