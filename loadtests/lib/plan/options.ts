import type { Options, PerVUIterationsScenario, Threshold } from "k6/options";
import { CAUSES } from "../../../harness/history/observation.ts";
import {
  plannedTimes,
  type SessionSchedule,
} from "../../../harness/load/portable/load-schedule.ts";
import { promisedCauses } from "../../../harness/scenario/promised-causes.ts";
import type { ScriptPlan } from "./plan.ts";

/**
 * What k6 needs more than the plan's own time to begin and end its VUs, seconds. The sessions end
 * themselves. After these two k6 lets go of WebSockets that still connect or wait for the answer to
 * their close; the harness ends it soon after.
 */
const SLACK_S = 8;
const GRACEFUL_STOP_S = 4;

/** As k6 declares it, but a plain object: there it is a class. */
type PerVuIterations = { [Key in keyof PerVUIterationsScenario]: PerVUIterationsScenario[Key] };
type ScriptOptions = Omit<Options, "scenarios"> & { scenarios: { sessions: PerVuIterations } };

/**
 * k6's options: one VU and one iteration for each session, thresholds by what the topology
 * promises.
 */
export const createOptions = (
  plan: ScriptPlan,
  schedule: readonly SessionSchedule[],
): ScriptOptions => ({
  scenarios: {
    sessions: {
      executor: "per-vu-iterations",
      vus: schedule.length,
      iterations: 1,
      maxDuration: `${Math.ceil(plannedTimes(schedule, plan.load).deadlineMs / 1000) + SLACK_S}s`,
      gracefulStop: `${GRACEFUL_STOP_S}s`,
    },
  },
  thresholds: { ...createThresholds(plan), ...plan.thresholds },
  // Go's resolver does not know names below localhost (RFC 6761), which the lab gives to tenants.
  hosts: { "*.localhost": "127.0.0.1" },
  // A deployment that moves by DNS is followed; k6 would keep an address for five minutes.
  dns: { ttl: "1s", select: "random", policy: "preferIPv4" },
  tags: { topology: plan.topology.name, bounce: plan.bounce },
  // Not `url`: it would name every session, and with the eventsource client its token.
  systemTags: ["status", "method", "name", "scenario", "error_code", "expected_response"],
  summaryTrendStats: ["count", "min", "med", "p(90)", "p(99)", "p(99.9)", "max"],
});

const NONE: Threshold[] = ["count==0"];

/**
 * What fails the run. Without ledgers the causes of a loss are inferred, so a run with a bounce in
 * which any loss is allowed is not held to their list: the harness is, by the same observations.
 */
export const createThresholds = ({ topology, bounce }: ScriptPlan): Record<string, Threshold[]> => {
  const { promise } = topology;
  const steady = bounce === "none";
  const allowed = promisedCauses(promise, bounce);
  // A pipeline that dies with its instance leaves its session stuck; one that is met by chance
  // only, too.
  const mayBeStuck =
    promise.routedByChance || (!steady && (promise.pipelinesMayDie || allowed.length > 0));
  return {
    sse_events_due: ["count>0"],
    sse_events_duplicated: NONE,
    sse_events_unexpected: NONE,
    ...(steady ? { sse_events_reordered: NONE } : {}),
    ...(allowed.length === 0 ? { sse_events_lost: NONE } : {}),
    ...(mayBeStuck ? {} : { sse_stuck_streams: NONE }),
    // Always true: k6 keeps a separate figure only for what a threshold names.
    ...Object.fromEntries(CAUSES.map((cause) => [`sse_events_lost{cause:${cause}}`, ["count>=0"]])),
  };
};
