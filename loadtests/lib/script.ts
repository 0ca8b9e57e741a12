import type { SessionSchedule } from "../../harness/load/portable/load-schedule.ts";
import { nowMs } from "./output/clock.ts";
import { K6LogWriter } from "./output/k6-log-writer.ts";
import {
  handleSummary as createSummaryFiles,
  type K6Summary,
  type SummaryFiles,
} from "./output/summary.ts";
import { createOptions } from "./plan/options.ts";
import { planRecord, readPlan, type PlanSources, type ScriptPlan } from "./plan/plan.ts";
import { shareProcessName, shareSchedule } from "./plan/schedule.ts";

/** What both scripts do alike. */
export interface Script {
  plan: ScriptPlan;
  schedule: readonly SessionSchedule[];
  output: K6LogWriter;
  options: ReturnType<typeof createOptions>;
  setup: () => void;
  handleSummary: (data: K6Summary) => SummaryFiles | undefined;
}

/** Only in the init context. @throws PlanError */
export const createScript = (sources: PlanSources): Script => {
  const plan = readPlan(sources);
  const schedule = shareSchedule(plan.load);
  const output = new K6LogWriter(shareProcessName());
  return {
    plan,
    schedule,
    output,
    options: createOptions(plan, schedule),
    setup: () => {
      output.record(planRecord(plan, nowMs()));
      output.flush();
    },
    handleSummary: (data) => createSummaryFiles(plan, schedule, data),
  };
};
