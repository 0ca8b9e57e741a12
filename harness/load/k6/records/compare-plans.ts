import type { PlannedLoad } from "../../portable/load-plan.ts";
import type { PlanRecord } from "../../portable/k6-log-records.ts";

/**
 * What one plan says otherwise than another, e.g. `seed is 2, not 1`; undefined when they are the
 * same.
 */
export function planDifference(found: PlannedLoad, wanted: PlannedLoad): string | undefined {
  for (const key of Object.keys(wanted) as (keyof PlannedLoad)[]) {
    if (found[key] !== wanted[key])
      return `${key} is ${String(found[key])}, not ${String(wanted[key])}`;
  }
  return undefined;
}

/** As {@link planDifference}, of all that a script was told. */
export function recordDifference(found: PlanRecord, wanted: PlanRecord): string | undefined {
  for (const key of ["topology", "bounce", "repeat", "replicas"] as const) {
    if (found[key] !== wanted[key])
      return `${key} is ${String(found[key])}, not ${String(wanted[key])}`;
  }
  return planDifference(found.plan, wanted.plan);
}
