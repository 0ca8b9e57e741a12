/** The times of a load that are not given, without zod: the k6 scripts use them too. */
import { DEFAULT_SCENARIO, DEFAULT_STEADY_ONLY } from "./default-scenario.ts";
import type { Scenario } from "./scenario.ts";

/** Length of a `ramp` load that needs no more for a bounce, seconds. */
export const RAMP_DURATION_S = 14;

/** Measured part of a `stationary` load without a bounce, seconds. */
const MEASURED_S = 8;

/** Sessions that may arrive in a second at the start, on two cores. */
const FIRST_ARRIVALS_PER_S = 100;

/** Sessions that may arrive in a second beside the streams of all others, on two cores. */
const LATER_ARRIVALS_PER_S = 40;

/** The shortest pipelines are half as long as the mean, and have at least two events. */
const LEAST_EVENTS_OF_MEAN = 4;

/** From the end of the ramp to the end of the warm-up, seconds. */
const AFTER_RAMP_S = 1;

/**
 * A scenario with defaults for what was not asked. More sessions arrive over a longer ramp and have
 * longer pipelines, so that their requests do not saturate the host. If topologies
 * or bounces are asked for, none of their pairs is left out.
 *
 * @param asked not yet checked: a wrong value decides no default
 */
export function completeScenario<T extends Partial<Scenario>>(asked: T): Scenario & T {
  const numbers = onlyNumbers(asked);
  const { sessions, rate } = { ...DEFAULT_SCENARIO, ...numbers };
  const spread = asked.arrival === "ramp" ? 0 : Math.ceil(sessions / FIRST_ARRIVALS_PER_S);
  const ramp = numbers.ramp ?? Math.max(DEFAULT_SCENARIO.ramp, spread);
  const pipeline = Math.max(sessions / LATER_ARRIVALS_PER_S, LEAST_EVENTS_OF_MEAN / rate);
  const choosesPairs = asked.topologies !== undefined || asked.bounces !== undefined;
  return {
    ...DEFAULT_SCENARIO,
    ...(choosesPairs ? {} : { steadyOnly: DEFAULT_STEADY_ONLY }),
    ramp,
    warmUp: ramp + AFTER_RAMP_S,
    pipeline: Math.max(DEFAULT_SCENARIO.pipeline, Math.ceil(pipeline)),
    ...asked,
  };
}

const onlyNumbers = ({ sessions, rate, ramp }: Partial<Scenario>) =>
  Object.fromEntries(
    Object.entries({ sessions, rate, ramp }).filter(
      ([, value]) => typeof value === "number" && value > 0,
    ),
  ) as Partial<Pick<Scenario, "sessions" | "rate" | "ramp">>;

/** Length of the load of a run without a bounce, seconds. */
export const steadyDuration = ({
  arrival,
  duration,
  warmUp,
}: Pick<Scenario, "arrival" | "duration" | "warmUp">): number =>
  duration ?? (arrival === "ramp" ? RAMP_DURATION_S : warmUp + MEASURED_S);
