/** Rules for the bounces of a scenario. Each problem is one line with the key and the fix. */
import { TOPOLOGIES } from "../../infra/topologies.ts";
import { kindOfSetting } from "../nemesis/bounce-settings.ts";
import { fits, KINDS_OF_BOUNCE, needOf, refusalOf } from "../nemesis/kinds.ts";
import type { BounceKind } from "../history/observation.ts";
import { selectTopologies, type Scenario } from "./scenario.ts";

/** Where a scenario's bounces happen. */
export interface BouncePlace {
  /** Undefined until it is chosen: what it cannot carry out is not refused then. */
  platform: "local" | "docker" | "target" | undefined;
  /** True if REALTIME_URL names a hosted Realtime. */
  realtimeHosted: boolean;
}

export const bounceProblems = (
  scenario: Scenario,
  place: BouncePlace,
  nameOf: (key: string) => string,
): string[] => [
  ...scenario.bounces.flatMap((kind) =>
    problemsOf(kind, scenario, place, nameOf).map(
      (problem) => `${nameOf("bounces")} ${kind}: ${problem}`,
    ),
  ),
  ...Object.keys(scenario.bounceSettings)
    .filter((key) => !scenario.bounces.some((kind) => kind === "chaos" || isOf(key, kind)))
    .map(
      (key) =>
        `${nameOf("bounceSettings")} ${key}: no run has this bounce; ` +
        `add ${kindOfSetting(key)} to ${nameOf("bounces")}`,
    ),
];

const isOf = (key: string, kind: BounceKind): boolean => kindOfSetting(key) === kind;

function problemsOf(
  kind: BounceKind,
  scenario: Scenario,
  { platform, realtimeHosted }: BouncePlace,
  nameOf: (key: string) => string,
): string[] {
  const { needs } = KINDS_OF_BOUNCE[kind];
  const problems: string[] = [];
  const topologies = selectTopologies(scenario);
  const named = (which: readonly { name: string }[]): string =>
    which.map(({ name }) => name).join(", ");
  const having = topologies.filter((topology) => fits(kind, topology));
  const without = topologies.filter((topology) => !fits(kind, topology));
  const noun = needOf(kind) ?? "";
  const fix = (which: readonly { name: string }[]): string =>
    `${nameOf("topologies")} ${which.map(({ name }) => name).join(",")}`;
  if (having.length === 0) {
    const others = TOPOLOGIES.filter((topology) => fits(kind, topology));
    problems.push(`none of ${named(topologies)} uses ${noun}; run it with ${fix(others)}`);
  } else if (without.length > 0) {
    problems.push(
      `${named(without)} ${without.length === 1 ? "does" : "do"} not use ${noun}; ` +
        `run it separately with ${fix(having)}`,
    );
  }
  if (needs === "realtime" && having.length > 0 && realtimeHosted) {
    problems.push(
      "the lab cannot stop the hosted Realtime of REALTIME_URL; unset REALTIME_URL, or remove " +
        "this bounce",
    );
  }
  if (needs === "redis" && having.length > 0 && scenario.redis === "stopped") {
    problems.push(`Redis does not run with ${nameOf("redis")} stopped; remove one of the two`);
  }
  if (platform !== undefined) {
    const refusals = having.flatMap((topology) => refusalOf(kind, topology, platform) ?? []);
    for (const refusal of new Set(refusals)) problems.push(`${refusal}; use another platform`);
  }
  return problems;
}
