/** What can't be asked of Realtime, or of topologies that have none: each problem is one line that names the key and the fix. */
import { TIER_LIMITS, REALTIME_TIERS } from "../../infra/realtime/realtime-settings.ts";
import { brokenLimits, carryingTier, describeBroken, realtimeDemand, type BrokenLimit } from "./quota.ts";
import { DEFAULT_SCENARIO } from "./default-scenario.ts";
import { replicasOf, type Scenario, selectTopologies } from "./scenario.ts";
import { usesRealtime } from "./to-load-plan.ts";

type NameOf = (key: string) => string;

const REALTIME_KEYS = ["catchUp", "realtimePlan", "overQuota", "realtimePublish"] as const;

/** `hosted`: Realtime is not stood up by the lab, but found by REALTIME_URL. */
export function realtimeProblems(scenario: Scenario, hosted: boolean, nameOf: NameOf): string[] {
  const topologies = selectTopologies(scenario);
  const without = topologies.filter((topology) => !usesRealtime(topology)).map(({ name }) => name);
  const having = topologies.filter(usesRealtime).map(({ name }) => name);
  if (having.length === 0) return unusedKeys(scenario, nameOf);
  const problems: string[] = [];
  const outage = scenario.bounces.includes("realtime-outage");
  if (outage && without.length > 0) {
    problems.push(
      `${nameOf("bounces")} realtime-outage: ${without.join(", ")} ${without.length === 1 ? "has" : "have"} no Realtime that could go away; run it separately with ${nameOf("topologies")} ${having.join(",")}`,
    );
  }
  if (outage && hosted) {
    problems.push(
      `${nameOf("bounces")} realtime-outage: REALTIME_URL names a Realtime that is not the lab's to take away; unset REALTIME_URL, or leave this bounce out`,
    );
  }
  if (scenario.catchUp && scenario.redis === "stopped") {
    problems.push(
      `${nameOf("catchUp")} with ${nameOf("redis")} stopped: the event log is kept in Redis; leave one of the two out`,
    );
  }
  if (hosted && scenario.overQuota) {
    problems.push(
      `${nameOf("overQuota")}: REALTIME_URL names a Realtime that is not the lab's to overload; unset REALTIME_URL to see what its limits do`,
    );
  }
  if (hosted && scenario.realtimePlan === "none") {
    const plans = REALTIME_TIERS.filter((plan) => plan !== "none").join(", ");
    problems.push(
      `${nameOf("realtimePlan")} none: the lab can't see which plan the Realtime of REALTIME_URL has, and must not break its quota; name it: ${plans}`,
    );
  }
  return [...problems, ...quotaProblems(scenario, hosted, nameOf)];
}

function unusedKeys(scenario: Scenario, nameOf: NameOf): string[] {
  const problems = REALTIME_KEYS.filter((key) => scenario[key] !== DEFAULT_SCENARIO[key]).map((key) => {
    const value = scenario[key] === true ? "" : ` ${String(scenario[key])}`;
    return `${nameOf(key)}${value}: none of ${scenario.topologies.join(", ")} uses Realtime; add phase3 or leave it out`;
  });
  if (scenario.bounces.includes("realtime-outage")) {
    problems.push(
      `${nameOf("bounces")} realtime-outage: none of ${scenario.topologies.join(", ")} has a Realtime that could go away; run it with ${nameOf("topologies")} phase3`,
    );
  }
  return problems;
}

/** The limits of its plan that a scenario is beyond. Empty where nothing uses Realtime. */
export const brokenQuota = (scenario: Scenario): BrokenLimit[] => {
  const demand = demandOf(scenario);
  return demand === undefined ? [] : brokenLimits(demand, scenario.realtimePlan);
};

const demandOf = (scenario: Scenario) => {
  const replicas = selectTopologies(scenario)
    .filter(usesRealtime)
    .map((topology) => replicasOf(topology, scenario));
  if (replicas.length === 0) return undefined;
  return realtimeDemand({
    ...scenario,
    replicas: Math.max(...replicas),
    publish: scenario.realtimePublish,
    outage: scenario.bounces.includes("realtime-outage"),
  });
};

function quotaProblems(scenario: Scenario, hosted: boolean, nameOf: NameOf): string[] {
  const demand = demandOf(scenario);
  if (demand === undefined || (scenario.overQuota && !hosted)) return [];
  const broken = brokenLimits(demand, scenario.realtimePlan);
  if (broken.length === 0) return [];
  const plan = carryingTier(demand);
  const carries =
    plan === undefined
      ? "no plan carries it by its published limits: agree on limits with Supabase"
      : `plan ${plan} carries it (${TIER_LIMITS[plan].maxConcurrentUsers} connections, ${TIER_LIMITS[plan].maxEventsPerSecond} messages/s)`;
  const anyway = hosted ? "" : `, or ${nameOf("overQuota")} shows what the limits do to it`;
  return [
    ...broken.map(
      (one) =>
        `${nameOf("realtimePlan")} ${scenario.realtimePlan}: the scenario needs ${describeBroken(one)}`,
    ),
    `${nameOf("realtimePlan")} ${scenario.realtimePlan}: ${carries}; lower ${nameOf("sessions")} or ${nameOf("rate")}${anyway}`,
  ];
}
