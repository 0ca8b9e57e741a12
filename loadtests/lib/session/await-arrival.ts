import { sleep } from "k6";
import exec from "k6/execution";
import type { SessionSchedule } from "../../../harness/load/portable/load-schedule.ts";
import { nowMs } from "../output/clock.ts";
import type { K6LogWriter } from "../output/k6-log-writer.ts";
import { SessionRecorder } from "../output/session-recorder.ts";
import type { ScriptPlan } from "../plan/plan.ts";
import { runTimes, type RunTimes } from "../plan/run-times.ts";

/** This VU's session, arrived. */
export interface ArrivedSession {
  schedule: SessionSchedule;
  times: RunTimes;
  /** To be ended when nothing more comes of the session. */
  recorder: SessionRecorder;
}

const EXECUTOR = "per-vu-iterations";

/**
 * Blocks the VU until its session is due.
 * @throws Error with the fix if a switch of k6 has replaced the script's scenario
 */
export const awaitArrival = (
  plan: ScriptPlan,
  schedule: readonly SessionSchedule[],
  output: K6LogWriter,
): ArrivedSession => {
  if (exec.scenario.executor !== EXECUTOR)
    throw new Error(
      `the executor is ${exec.scenario.executor}, not ${EXECUTOR}: leave out --vus, --duration, ` +
        "--iterations and --stages, unset their K6_ variables, and set SESSIONS and DURATION",
    );
  // Numbered over all k6 processes of a test, so that each segment of it has different sessions.
  const session = schedule[exec.vu.idInTest - 1];
  if (session === undefined) {
    throw new Error(
      `VU ${exec.vu.idInTest} has no session: the plan has ${schedule.length}; ` +
        "leave VUs to the script (no --vus)",
    );
  }
  const times = runTimes(schedule, plan.load);
  const recorder = new SessionRecorder(plan, session, times, output);
  sleep(Math.max(0, times.startMs + session.arriveOffsetMs - nowMs()) / 1000);
  recorder.arrive();
  return { schedule: session, times, recorder };
};
