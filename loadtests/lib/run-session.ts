import { sleep } from "k6";
import exec from "k6/execution";
import type { SessionSchedule } from "../../harness/load/load-schedule.ts";
import { nowMs } from "./clock.ts";
import type { LabOutput } from "./lab-output.ts";
import type { ScriptPlan } from "./plan.ts";
import { runTimes, type RunTimes } from "./run-times.ts";
import { SessionAccount } from "./session-account.ts";

/** What a session does from its arrival on. Returns when nothing more comes of it. */
export type Visit = (schedule: SessionSchedule, times: RunTimes, account: SessionAccount) => void;

/** The session of this VU: waits for its arrival, lets it visit, and closes its account. */
export const runSession = (
  plan: ScriptPlan,
  schedule: readonly SessionSchedule[],
  output: LabOutput,
  visit: Visit,
): void => {
  // Numbered over all k6 processes of a test, so that each segment of it has sessions of its own.
  const session = schedule[exec.vu.idInTest - 1];
  if (session === undefined)
    throw new Error(
      `VU ${exec.vu.idInTest} has no session: the plan has ${schedule.length}; leave VUs to the script (no --vus)`,
    );
  const times = runTimes(schedule, plan.load);
  const account = new SessionAccount(plan, session, times, output);
  sleep(Math.max(0, times.startMs + session.arriveOffsetMs - nowMs()) / 1000);
  account.arrive();
  try {
    visit(session, times, account);
  } finally {
    account.end();
  }
};
