import type { LoadPlan } from "../../../harness/load/portable/load-plan.ts";
import {
  plannedTimes,
  type PlannedTimes,
  type SessionSchedule,
} from "../../../harness/load/portable/load-schedule.ts";
import { scenarioStartMs } from "../output/clock.ts";

/** When what happens to all sessions of this process, milliseconds on its clock. */
export interface RunTimes extends PlannedTimes {
  startMs: number;
}

/** In a VU only: the scenario has begun. */
export const runTimes = (schedule: readonly SessionSchedule[], plan: LoadPlan): RunTimes => {
  const startMs = scenarioStartMs();
  const { loadedMs, measuredMs, drainMs, deadlineMs } = plannedTimes(schedule, plan);
  return {
    startMs,
    loadedMs: startMs + loadedMs,
    ...(measuredMs === undefined ? {} : { measuredMs: startMs + measuredMs }),
    drainMs: startMs + drainMs,
    deadlineMs: startMs + deadlineMs,
  };
};
