/** Checks a scenario before anything starts: every value that is out of range, and every combination that cannot be run. */
import type { z } from "zod";
import { loadProblems } from "./load-rules.ts";
import { realtimeProblems } from "./realtime-rules.ts";
import { type BounceSeconds, longestBounce } from "./bounce-length.ts";
import { graceSchema, type Scenario, scenarioSchema, selectTopologies } from "./scenario.ts";
import { UserError } from "../../common/user-error.ts";

/** Where a scenario is to run, as far as that decides what can be asked for. */
export interface ScenarioPlace {
  bounceSeconds: BounceSeconds;
  /** True: Realtime is not stood up by the lab, but found by REALTIME_URL. */
  realtimeHosted: boolean;
}

/**
 * Checks a scenario against the place that is to run it. `nameOf` turns a key into what the user typed (`sessions` -> `--sessions`).
 * @throws UserError naming every field, its value and the fix.
 */
export function parseScenario(
  input: unknown,
  place: ScenarioPlace,
  nameOf: (key: string) => string = (key) => key,
): Scenario {
  const parsed = scenarioSchema.safeParse(input);
  if (!parsed.success)
    throw new UserError(parsed.error.issues.flatMap((issue) => describe(issue, nameOf)).join("\n"));
  const problems = [
    ...impossible(parsed.data, place.bounceSeconds, nameOf),
    ...realtimeProblems(parsed.data, place.realtimeHosted, nameOf),
  ];
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return parsed.data;
}

/** A grace alone, for commands that have no scenario. @throws UserError that begins with `name` */
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
  bounceSeconds: BounceSeconds,
  nameOf: (key: string) => string,
): string[] {
  const topologies = selectTopologies(scenario);
  const problems = loadProblems(scenario, topologies, nameOf);
  const shortest = Math.ceil(longestBounce(scenario, bounceSeconds));
  if (scenario.duration < shortest) {
    problems.push(
      `${nameOf("duration")} ${scenario.duration}: the load would be over before a bounce of ${scenario.bounces.join(", ")} is; give ${shortest} seconds or more, or fewer replicas`,
    );
  }
  if (scenario.redis === "stopped" && !topologies.some((topology) => topology.broadcaster === "redis")) {
    problems.push(
      `${nameOf("redis")} stopped: none of ${scenario.topologies.join(", ")} uses Redis; add phase2 or leave it up`,
    );
  }
  if (scenario.replicas !== undefined && topologies.every((topology) => topology.replicas === 1)) {
    problems.push(
      `${nameOf("replicas")} ${scenario.replicas}: ${scenario.topologies.join(", ")} is a single instance; add a topology with replicas`,
    );
  }
  return problems;
}
