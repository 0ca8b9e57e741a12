/** Checks a scenario before a run starts: ranges of values, and combinations that cannot run. */
import type { z } from "zod";
import { type BouncePlace, bounceProblems } from "./bounce-rules.ts";
import { loadProblems } from "./load-rules.ts";
import { realtimeProblems } from "./realtime-rules.ts";
import { type BounceSeconds, longestBounce } from "./run-times.ts";
import { steadyOnlyProblems } from "./steady-only.ts";
import {
  graceSchema,
  type Scenario,
  scenarioSchema,
  scenarioSchemaOf,
  selectTopologies,
} from "./scenario.ts";
import { UserError } from "../../common/user-error.ts";

/** The properties of a platform that limit its scenarios. */
export interface ScenarioPlace extends BouncePlace {
  bounceSeconds: BounceSeconds;
  /** How many machines make the load. Default: 1. */
  machines?: number;
}

/**
 * Checks a scenario. `nameOf` turns a key into the user's text (`sessions` -> `--sessions`).
 * @throws UserError with every wrong field, its value and the fix
 */
export function parseScenario(
  input: unknown,
  place: ScenarioPlace,
  nameOf: (key: string) => string = (key) => key,
): Scenario {
  const parsed = scenarioSchemaOf(place.machines ?? 1).safeParse(input);
  if (!parsed.success)
    throw new UserError(parsed.error.issues.flatMap((issue) => describe(issue, nameOf)).join("\n"));
  const problems = [
    ...impossible(parsed.data, place, nameOf),
    ...bounceProblems(parsed.data, place, nameOf),
    ...steadyOnlyProblems(parsed.data, nameOf),
    ...realtimeProblems(parsed.data, place.realtimeHosted, nameOf),
  ];
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return parsed.data;
}

/**
 * Checks a grace period, for commands without a scenario.
 * @throws UserError that begins with `name`
 */
export function parseGrace(value: unknown, name: string): number {
  const parsed = graceSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UserError(parsed.error.issues.map(({ message }) => `${name}: ${message}`).join("\n"));
}

function describe(issue: z.core.$ZodIssue, nameOf: (key: string) => string): string[] {
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(scenarioSchema.shape).join(", ");
    return issue.keys.map((key) => `unknown scenario key "${key}": known keys are ${known}`);
  }
  return [`${nameOf(String(issue.path[0] ?? "scenario"))}: ${issue.message}`];
}

function impossible(
  scenario: Scenario,
  { bounceSeconds, machines }: ScenarioPlace,
  nameOf: (key: string) => string,
): string[] {
  const topologies = selectTopologies(scenario);
  const problems = loadProblems(scenario, topologies, nameOf, machines);
  const { arrival, duration, warmUp } = scenario;
  const bounceS = longestBounce(scenario, bounceSeconds);
  const shortest = Math.ceil(bounceS + (arrival === "ramp" ? 0 : warmUp));
  if (bounceS > 0 && duration !== undefined && duration < shortest) {
    problems.push(
      `${nameOf("duration")} ${duration}: the load ends before the longest bounce of ` +
        `${scenario.bounces.join(", ")}; give ${shortest} seconds or more, or fewer replicas`,
    );
  }
  const withoutFallback = topologies.filter(({ broadcaster }) => broadcaster === "redis-streams");
  if (scenario.redis === "stopped" && withoutFallback.length > 0) {
    const names = withoutFallback.map(({ name }) => name);
    const others = scenario.topologies.filter((name) => !names.includes(name));
    problems.push(
      `${nameOf("redis")} stopped: ${names.join(", ")} keeps its streams in Redis and has no ` +
        `fallback; use ${nameOf("topologies")} ${others.join(",") || "phase2"}`,
    );
  } else if (
    scenario.redis === "stopped" &&
    !topologies.some((topology) => topology.broadcaster === "redis")
  ) {
    problems.push(
      `${nameOf("redis")} stopped: none of ${scenario.topologies.join(", ")} uses Redis; ` +
        `add phase2, or remove ${nameOf("redis")}`,
    );
  }
  if (scenario.replicas !== undefined && topologies.every((topology) => topology.replicas === 1)) {
    problems.push(
      `${nameOf("replicas")} ${scenario.replicas}: ${scenario.topologies.join(", ")} ` +
        "has a single instance; add a topology with replicas",
    );
  }
  return problems;
}
