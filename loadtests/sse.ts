/** k6 script for the topologies whose clients follow an SSE stream: phases 0 to 2 and their variants. See README.md. */
import { nowMs } from "./lib/output/clock.ts";
import { K6LogWriter } from "./lib/output/k6-log-writer.ts";
import { createOptions } from "./lib/plan/options.ts";
import { planRecord, readPlan } from "./lib/plan/plan.ts";
import { runSession } from "./lib/session/run-session.ts";
import { shareProcessName, shareSchedule } from "./lib/plan/schedule.ts";
import { SessionPage } from "./lib/session/sse-page.ts";
import {
  handleSummary as createSummaryFiles,
  type K6Summary,
  type SummaryFiles,
} from "./lib/output/summary.ts";

const plan = readPlan({
  env: __ENV,
  open: (path) => open(path),
  follows: ({ broadcaster }) => broadcaster !== "supabase",
  topology: "phase0",
});
const schedule = shareSchedule(plan.load);
const output = new K6LogWriter(shareProcessName());

export const options = createOptions(plan, schedule);

export const setup = (): void => {
  output.record(planRecord(plan, nowMs()));
  output.flush();
};

export default (): void =>
  runSession(plan, schedule, output, (session, times, account) =>
    new SessionPage(plan, session, times, account).visit(),
  );

export const handleSummary = (data: K6Summary): SummaryFiles => createSummaryFiles(plan, schedule, data);
