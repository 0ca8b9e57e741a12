import type { LoadPlan } from "../../harness/load/load-plan.ts";
import type { SessionSchedule } from "../../harness/load/load-schedule.ts";
import { scenarioStartMs } from "./clock.ts";

/** When what happens to all sessions of this process, milliseconds on its clock. */
export interface RunTimes {
  startMs: number;
  /** The last session's pipeline should have ended: nobody tries to start one any more. */
  drainMs: number;
  /** Nobody waits any longer. */
  deadlineMs: number;
}

/** From the start of the scenario. */
export const plannedTimes = (
  schedule: readonly SessionSchedule[],
  plan: LoadPlan,
): Pick<RunTimes, "drainMs" | "deadlineMs"> => {
  const lastMs = schedule[schedule.length - 1]?.arriveOffsetMs ?? 0;
  const drainMs = lastMs + plan.durationS * 1000;
  return { drainMs, deadlineMs: drainMs + plan.drainS * 1000 };
};

/** In a VU only: the scenario has begun. */
export const runTimes = (schedule: readonly SessionSchedule[], plan: LoadPlan): RunTimes => {
  const startMs = scenarioStartMs();
  const { drainMs, deadlineMs } = plannedTimes(schedule, plan);
  return { startMs, drainMs: startMs + drainMs, deadlineMs: startMs + deadlineMs };
};
