/** k6 script for the topologies whose clients subscribe to Supabase Realtime directly: phase 3. It needs no extension. See README.md. */
import { nowMs } from "./lib/output/clock.ts";
import { K6LogWriter } from "./lib/output/k6-log-writer.ts";
import { createOptions } from "./lib/plan/options.ts";
import { planRecord, readPlan } from "./lib/plan/plan.ts";
import { RealtimePage } from "./lib/realtime/realtime-page.ts";
import { awaitArrival } from "./lib/session/run-session.ts";
import { shareProcessName, shareSchedule } from "./lib/plan/schedule.ts";
import {
  handleSummary as createSummaryFiles,
  type K6Summary,
  type SummaryFiles,
} from "./lib/output/summary.ts";

const plan = readPlan({
  env: __ENV,
  open: (path) => open(path),
  follows: ({ broadcaster }) => broadcaster === "supabase",
  topology: "phase3",
});
const schedule = shareSchedule(plan.load);
const output = new K6LogWriter(shareProcessName());

export const options = createOptions(plan, schedule);

export const setup = (): void => {
  output.record(planRecord(plan, nowMs()));
  output.flush();
};

export default async (): Promise<void> => {
  const session = awaitArrival(plan, schedule, output);
  try {
    await new RealtimePage(plan, session, output).visit();
  } finally {
    session.account.end();
  }
};

export const handleSummary = (data: K6Summary): SummaryFiles => createSummaryFiles(plan, schedule, data);
