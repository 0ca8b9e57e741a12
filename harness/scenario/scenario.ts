/** A scenario: what to run, as validated data. Every command-line flag and scenario-file key ends up here. */
import { z } from "zod";
import { TOPOLOGIES, type Topology } from "../../infra/topologies.ts";
import { BOUNCE_KINDS, type BounceKind } from "../history/observation.ts";
import { CLIENT_MODELS } from "../load/load-plan.ts";

const topologyNames = TOPOLOGIES.map((topology) => topology.name);

const oneOf = <T extends string>(what: string, known: readonly T[]) =>
  z.enum(known as readonly [T, ...T[]], {
    error: (issue) => `unknown ${what} ${JSON.stringify(issue.input)}: choose from ${known.join(", ")}`,
  });

const number = (min: number, max: number, unit: string) =>
  z
    .number({
      error: (issue) => `${JSON.stringify(issue.input)} is not a number: give ${min} to ${max} ${unit}`,
    })
    .refine((value) => value >= min && value <= max, {
      error: (issue) => `${String(issue.input)} is out of range: give ${min} to ${max} ${unit}`,
    });

const integer = (min: number, max: number, unit: string) =>
  number(min, max, unit).refine(Number.isInteger, {
    error: (issue) => `${String(issue.input)} is not a whole number: give ${min} to ${max} ${unit}`,
  });

const listOf = <T extends z.ZodType>(item: T, what: string) =>
  z
    .array(item)
    .min(1, `is empty: name at least one ${what}`)
    .refine((items) => new Set(items).size === items.length, `names a ${what} twice`);

const graceSchema = integer(0, 60, "seconds");

export const scenarioSchema = z.strictObject({
  topologies: listOf(oneOf("topology", topologyNames), "topology"),
  bounces: listOf(oneOf("bounce", BOUNCE_KINDS), "bounce"),
  /** Concurrent streams. How many the router's open files carry is checked on the host, before the start. */
  sessions: integer(1, 19_000, "concurrent streams"),
  /** Events per second and session. */
  rate: number(0.1, 1000, "events per second and session"),
  /** Seconds of measured load in each run. */
  duration: number(1, 3600, "seconds"),
  /** Seconds over which sessions arrive. */
  ramp: number(0, 600, "seconds"),
  /** Longest wait for what is still on its way after the load, seconds. */
  drain: number(1, 600, "seconds"),
  repeat: integer(1, 50, "repeats"),
  seed: integer(0, 2_147_483_647, "(any whole number)"),
  /** Overrides the replicas of every topology that has more than one. */
  replicas: integer(2, 10, "replicas").optional(),
  /** Between SIGTERM and SIGKILL when a bounce stops an instance, seconds. 0: SIGKILL at once. */
  grace: graceSchema,
  gates: integer(0, 100, "gates per pipeline run"),
  payloadBytes: integer(0, 65_536, "bytes"),
  client: oneOf("client", CLIENT_MODELS),
  /** `stopped`: topologies with Redis start without it, to see the fallback. */
  redis: oneOf("Redis state", ["up", "stopped"] as const),
});

export type Scenario = z.infer<typeof scenarioSchema>;

/** What `sse-lab loadtest` runs when nothing else is said: under five minutes on two cores. */
export const DEFAULT_SCENARIO: Scenario = {
  topologies: ["phase0", "naive", "phase1", "phase2"],
  bounces: ["none", "rolling", "crash"],
  sessions: 300,
  rate: 5,
  duration: 14,
  ramp: 3,
  drain: 3,
  repeat: 1,
  seed: 1,
  grace: 10,
  gates: 0,
  payloadBytes: 200,
  client: "retrying",
  redis: "up",
};

/** A server takes no longer plan. */
const MAX_EVENTS_PER_SESSION = 1_000_000;

/**
 * Longest time from the start of a bounce to its end on a quiet host, seconds, as the platform states it: a load that is over by
 * then would not show the whole bounce, and the run would be `unknown`.
 */
export type BounceSeconds = (kind: BounceKind, replicas: number) => number;

/** What a busy host needs more than a quiet one. */
const BUSY_FACTOR = 1.15;

/** More than two cores carry through a router; above it every run would only measure its own load generator. */
const MAX_EVENTS_PER_SECOND = 50_000;

/** A scenario that cannot be run, with every problem named. `problems` are one line each. */
export class ScenarioError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ScenarioError";
    this.problems = problems;
  }
}

/**
 * Checks a scenario against the platform that is to run it. `nameOf` turns a key into what the user typed (`sessions` -> `--sessions`).
 * @throws ScenarioError naming every field, its value and the fix.
 */
export function parseScenario(
  input: unknown,
  bounceSeconds: BounceSeconds,
  nameOf: (key: string) => string = (key) => key,
): Scenario {
  const parsed = scenarioSchema.safeParse(input);
  if (!parsed.success)
    throw new ScenarioError(parsed.error.issues.flatMap((issue) => describe(issue, nameOf)));
  const problems = impossible(parsed.data, bounceSeconds, nameOf);
  if (problems.length > 0) throw new ScenarioError(problems);
  return parsed.data;
}

/** A grace alone, for commands that have no scenario. @throws ScenarioError that begins with `name` */
export function parseGrace(value: unknown, name: string): number {
  const parsed = graceSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ScenarioError(parsed.error.issues.map(({ message }) => `${name}: ${message}`));
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
  const problems: string[] = [];
  const events = Math.round(scenario.rate * scenario.duration);
  if (events < 2) {
    problems.push(
      `${nameOf("rate")} ${scenario.rate} over ${nameOf("duration")} ${scenario.duration}: gives ${events} event(s) per session; raise one so that there are at least 2`,
    );
  }
  if (scenario.gates >= events && scenario.gates > 0) {
    problems.push(
      `${nameOf("gates")} ${scenario.gates}: a run of ${events} events holds at most ${Math.max(0, events - 1)} gates`,
    );
  }
  if (events > MAX_EVENTS_PER_SESSION) {
    problems.push(
      `${nameOf("rate")} ${scenario.rate} over ${nameOf("duration")} ${scenario.duration}: ${events} events per session are more than the server plans (${MAX_EVENTS_PER_SESSION}); lower one`,
    );
  }
  // Each stream carries load for the duration from its own arrival: the first ones would have left before the last ones come.
  if (scenario.ramp >= scenario.duration) {
    problems.push(
      `${nameOf("ramp")} ${scenario.ramp} is not shorter than ${nameOf("duration")} ${scenario.duration}: the streams would never all be open at once, so nothing would be measured at ${scenario.sessions}; give a ${nameOf("ramp")} below ${scenario.duration} or a longer ${nameOf("duration")}`,
    );
  }
  const shortest = Math.ceil(longestBounce(scenario, bounceSeconds));
  if (scenario.duration < shortest) {
    problems.push(
      `${nameOf("duration")} ${scenario.duration}: the load would be over before a bounce of ${scenario.bounces.join(", ")} is; give ${shortest} seconds or more, or fewer replicas`,
    );
  }
  const total = scenario.sessions * scenario.rate;
  if (total > MAX_EVENTS_PER_SECOND) {
    problems.push(
      `${nameOf("sessions")} ${scenario.sessions} at ${nameOf("rate")} ${scenario.rate}: ${total} events/s is more than one host carries (${MAX_EVENTS_PER_SECOND}); lower one`,
    );
  }
  const topologies = selectTopologies(scenario);
  if (scenario.redis === "stopped" && !topologies.some((topology) => topology.broadcaster === "redis")) {
    problems.push(
      `${nameOf("redis")} stopped: none of ${scenario.topologies.join(", ")} uses Redis; add phase2 or leave it up`,
    );
  }
  const byHeader = topologies.filter((topology) => topology.affinity === "header").map(({ name }) => name);
  if (scenario.client === "eventsource" && byHeader.length > 0) {
    problems.push(
      `${nameOf("client")} eventsource: ${byHeader.join(", ")} keeps sessions together by the header X-Session-ID, which a browser's EventSource cannot send; use ${nameOf("client")} retrying, or a topology with a cookie (phase1)`,
    );
  }
  if (scenario.replicas !== undefined && topologies.every((topology) => topology.replicas === 1)) {
    problems.push(
      `${nameOf("replicas")} ${scenario.replicas}: ${scenario.topologies.join(", ")} is a single instance; add a topology with replicas`,
    );
  }
  return problems;
}

/** Seconds of load that the longest bounce of the scenario needs. */
function longestBounce(
  scenario: Pick<Scenario, "topologies" | "bounces" | "replicas">,
  bounceSeconds: BounceSeconds,
): number {
  const replicas = Math.max(...selectTopologies(scenario).map((topology) => replicasOf(topology, scenario)));
  return Math.max(...scenario.bounces.map((bounce) => bounceSeconds(bounce, replicas)));
}

/** The load's length when none is asked for: the default, or longer where a bounce on this platform needs it. */
export const durationFor = (
  scenario: Pick<Scenario, "topologies" | "bounces" | "replicas">,
  bounceSeconds: BounceSeconds,
): number =>
  Math.max(DEFAULT_SCENARIO.duration, Math.ceil(BUSY_FACTOR * longestBounce(scenario, bounceSeconds)));

/** The scenario's topologies in the order asked for. */
export function selectTopologies(scenario: Pick<Scenario, "topologies">): Topology[] {
  const all: readonly Topology[] = TOPOLOGIES;
  return scenario.topologies.flatMap((name) => all.filter((topology) => topology.name === name));
}

/** Replicas of a topology under a scenario. A single instance stays one: that is what it stands for. */
export const replicasOf = (topology: Topology, scenario: Pick<Scenario, "replicas">): number =>
  topology.replicas === 1 ? 1 : (scenario.replicas ?? topology.replicas);
