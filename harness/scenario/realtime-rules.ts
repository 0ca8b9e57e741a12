/** Rules for scenarios with Realtime. Each problem is one line with the key and the fix. */
import {
  REALTIME_TIERS,
  TIER_LIMITS,
  type RealtimeTier,
} from "../../infra/realtime/realtime-settings.ts";
import {
  brokenLimits,
  carryingTier,
  describeBroken,
  realtimeDemand,
  type BrokenLimit,
} from "./quota.ts";
import { DEFAULT_SCENARIO } from "./default-scenario.ts";
import { RAMP_DURATION_S } from "./load-times.ts";
import { replicasOf, type Scenario, selectTopologies } from "./scenario.ts";
import { usesRealtime } from "./to-load-plan.ts";

type NameOf = (key: string) => string;

const REALTIME_KEYS = ["catchUp", "realtimePlan", "overQuota", "realtimePublish"] as const;

/** @param hosted true if REALTIME_URL names a hosted Realtime */
export function realtimeProblems(scenario: Scenario, hosted: boolean, nameOf: NameOf): string[] {
  const topologies = selectTopologies(scenario);
  if (!topologies.some(usesRealtime)) return unusedKeys(scenario, nameOf);
  const problems: string[] = [];
  if (scenario.catchUp && scenario.redis === "stopped") {
    problems.push(
      `${nameOf("catchUp")} with ${nameOf("redis")} stopped: the event log needs Redis; ` +
        "remove one of the two",
    );
  }
  if (hosted && scenario.overQuota) {
    problems.push(
      `${nameOf("overQuota")}: the lab does not overload the hosted Realtime of REALTIME_URL; ` +
        "unset REALTIME_URL to see the effect of the limits",
    );
  }
  if (hosted && scenario.realtimePlan === "none") {
    const tiers = REALTIME_TIERS.filter((tier) => tier !== "none").join(", ");
    problems.push(
      `${nameOf("realtimePlan")} none: the lab must not break the quota of REALTIME_URL's ` +
        `Realtime, and cannot see its plan; name it: ${tiers}`,
    );
  }
  return [...problems, ...quotaProblems(scenario, hosted, nameOf)];
}

function unusedKeys(scenario: Scenario, nameOf: NameOf): string[] {
  return REALTIME_KEYS.filter((key) => scenario[key] !== DEFAULT_SCENARIO[key]).map((key) => {
    const value = scenario[key] === true ? "" : ` ${String(scenario[key])}`;
    const names = scenario.topologies.join(", ");
    return `${nameOf(key)}${value}: none of ${names} uses Realtime; add phase3, or remove it`;
  });
}

/** The limits of its tier that a scenario exceeds. Empty if no topology uses Realtime. */
export const brokenQuota = (scenario: Scenario): BrokenLimit[] => {
  const demand = demandOf(scenario);
  return demand === undefined ? [] : brokenLimits(demand, scenario.realtimePlan);
};

const demandOf = (scenario: Scenario) => {
  const replicas = selectTopologies(scenario)
    .filter(usesRealtime)
    .map((topology) => replicasOf(topology, scenario));
  if (replicas.length === 0) return undefined;
  const { arrival, duration, pipeline } = scenario;
  return realtimeDemand({
    ...scenario,
    pipeline: arrival === "ramp" ? (duration ?? RAMP_DURATION_S) : pipeline,
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
  const given = `${nameOf("realtimePlan")} ${scenario.realtimePlan}`;
  const lower = `lower ${nameOf("sessions")} or ${nameOf("rate")}`;
  const anyway = hosted ? "" : `, or run it with ${nameOf("overQuota")} to see the limits' effect`;
  return [
    ...broken.map((one) => `${given}: the scenario needs ${describeBroken(one)}`),
    `${given}: ${describeTier(carryingTier(demand))}; ${lower}${anyway}`,
  ];
}

function describeTier(tier: RealtimeTier | undefined): string {
  if (tier === undefined) return "it exceeds the published limits of every plan; ask Supabase";
  const { maxConcurrentUsers, maxEventsPerSecond } = TIER_LIMITS[tier];
  const limits = `${maxConcurrentUsers} connections, ${maxEventsPerSecond} messages/s`;
  return `plan ${tier} allows it (${limits})`;
}
