/** A scenario: what to run, as validated data. Every command-line flag and scenario-file key ends up here. */
import { z } from "zod";
import {
  type HostedRealtime,
  PUBLISH_WAYS,
  REALTIME_PLANS,
  type RealtimeSettings,
} from "../../infra/realtime/realtime-settings.ts";
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

const flag = z.boolean({
  error: (issue) => `${JSON.stringify(issue.input)} is neither true nor false`,
});

const listOf = <T extends z.ZodType>(item: T, what: string) =>
  z
    .array(item)
    .min(1, `is empty: name at least one ${what}`)
    .refine((items) => new Set(items).size === items.length, `names a ${what} twice`);

export const graceSchema = integer(0, 60, "seconds");

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
  /** Realtime only: clients take what they missed from an event log that the instances share. */
  catchUp: flag,
  /** Realtime only: whose limits are in force on one that the lab stands up, and are kept to on any. */
  realtimePlan: oneOf("Realtime plan", REALTIME_PLANS),
  /** Realtime only: a scenario beyond the plan's limits is run all the same. */
  overQuota: flag,
  /** Realtime only: by its HTTP API, or by one WebSocket of each instance. */
  realtimePublish: oneOf("way to publish", PUBLISH_WAYS),
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
  catchUp: false,
  realtimePlan: "none",
  overQuota: false,
  realtimePublish: "http",
};

/**
 * Longest time from the start of a bounce to its end on a quiet host, seconds, as the platform states it: a load that is over by
 * then would not show the whole bounce, and the run would be `unknown`.
 */
export type BounceSeconds = (kind: BounceKind, replicas: number) => number;

/** What a busy host needs more than a quiet one. */
const BUSY_FACTOR = 1.15;

/** Seconds of load that the longest bounce of the scenario needs. */
export function longestBounce(
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

/** Do clients of this topology subscribe to Supabase Realtime directly? */
export const usesRealtime = ({ broadcaster }: Topology): boolean => broadcaster === "supabase";

/** What a platform needs to know of Realtime. `hosted`: undefined where the platform stands one up. */
export const realtimeSettings = (
  { realtimePlan, realtimePublish, catchUp }: Scenario,
  hosted: HostedRealtime | undefined,
): RealtimeSettings => ({
  plan: realtimePlan,
  publish: realtimePublish,
  catchUp,
  ...(hosted ? { hosted } : {}),
});

/** The scenario's topologies in the order asked for. */
export function selectTopologies(scenario: Pick<Scenario, "topologies">): Topology[] {
  const all: readonly Topology[] = TOPOLOGIES;
  return scenario.topologies.flatMap((name) => all.filter((topology) => topology.name === name));
}

/** Replicas of a topology under a scenario. A single instance stays one: that is what it stands for. */
export const replicasOf = (topology: Topology, scenario: Pick<Scenario, "replicas">): number =>
  topology.replicas === 1 ? 1 : (scenario.replicas ?? topology.replicas);
