import type { Scenario } from "../../../harness/scenario/scenario.ts";

/** Loads by name, for SCENARIO. They are not files, so that a bundle has them too. */
export const PRESETS: Readonly<Record<string, Partial<Scenario> | undefined>> = {
  /** Seconds: does it work at all? As `scenarios/smoke.json`. */
  smoke: { sessions: 100, rate: 4, pipeline: 4, warmUp: 2, ramp: 1 },
  default: {},
  /** An hour of quiet streams, for deploys in between and for leaks. */
  soak: { rate: 0.5, duration: 3600, pipeline: 1200, warmUp: 60, ramp: 60, drain: 30 },
};
