import type { LoadPlan } from "../../../harness/load/portable/load-plan.ts";
import type { SessionSchedule } from "../../../harness/load/portable/load-schedule.ts";

/** Milliseconds from the start of the scenario. */
export interface PlannedTimes {
  /** The last session's pipeline should have ended: no session tries to start one any more. */
  drainMs: number;
  /** Every session ends. */
  deadlineMs: number;
}

export const plannedTimes = (
  schedule: readonly SessionSchedule[],
  plan: LoadPlan,
): PlannedTimes => {
  const lastMs = schedule[schedule.length - 1]?.arriveOffsetMs ?? 0;
  const drainMs = lastMs + plan.durationS * 1000;
  return { drainMs, deadlineMs: drainMs + plan.drainS * 1000 };
};
