/** The validated data of a comparison: every command-line flag and scenario-file key. */
import { z } from "zod";
import type { HostedRealtime, RealtimeSettings } from "../../infra/realtime/realtime-settings.ts";
import {
  MIGRATION_TOPOLOGY,
  TARGET_TOPOLOGY,
  TOPOLOGIES,
  type Topology,
} from "../../infra/topologies.ts";
import type { BounceSettings } from "../nemesis/bounce-settings.ts";
import {
  bounceSettingsProblem,
  type Choice,
  choiceProblem,
  CHOICES,
  flagProblem,
  listProblem,
  NUMBER_RANGES,
  numberProblem,
} from "./ranges.ts";

/** A schema that refuses a value with the message of `problemOf`. */
const checked = <T>(problemOf: (value: unknown) => string | undefined) =>
  z.custom<T>().superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

const number = (key: keyof typeof NUMBER_RANGES) =>
  checked<number>((value) => numberProblem(value, NUMBER_RANGES[key]));
const oneOf = <T extends string>(choices: Choice<T>) =>
  checked<T>((value) => choiceProblem(value, choices));
const listOf = <T extends string>(choices: Choice<T>) =>
  checked<T[]>((value) => listProblem(value, choices));
const flag = checked<boolean>(flagProblem);

export const graceSchema = number("grace");

export const scenarioSchema = z.strictObject({
  topologies: listOf<string>(CHOICES.topology),
  bounces: listOf(CHOICES.bounce),
  /** Topologies that run under `none` only, so that a comparison has time for others. */
  steadyOnly: listOf<string>(CHOICES.topology).optional(),
  /** Concurrent streams. The start checks that the router's limit of open files allows them. */
  sessions: number("sessions"),
  /** Events per second and session. */
  rate: number("rate"),
  /** `ramp`: all sessions arrive at the start, with pipelines of one length. */
  arrival: oneOf(CHOICES.arrival),
  /** Mean length of a pipeline, seconds. Of `stationary` arrivals only. */
  pipeline: number("pipeline"),
  /** Seconds before figures count. Of `stationary` arrivals only. */
  warmUp: number("warmUp"),
  /**
   * Seconds of load in each run, warm-up included; of `ramp` arrivals: of each pipeline. Without
   * it, each run is as long as its bounce needs.
   */
  duration: number("duration").optional(),
  /** Seconds during which the first sessions arrive; of `ramp` arrivals: all. */
  ramp: number("ramp"),
  /** Longest wait for late events after the load, seconds. */
  drain: number("drain"),
  repeat: number("repeat"),
  seed: number("seed"),
  /** Overrides the replicas of every topology that has more than one. */
  replicas: number("replicas").optional(),
  /** Seconds between SIGTERM and SIGKILL when a bounce stops an instance. 0: SIGKILL at once. */
  grace: graceSchema,
  gates: number("gates"),
  payloadBytes: number("payloadBytes"),
  client: oneOf(CHOICES.client),
  /** Random share of the `retrying` client's back-off when it opens its stream again. */
  jitter: oneOf(CHOICES.jitter),
  /** What streams say in `retry:`, milliseconds. A drain asks for another wait. */
  retryMs: number("retryMs"),
  /** The server sends a comment to each stream this often, seconds. 0: never. */
  heartbeat: number("heartbeat"),
  /** What bounces have in the place of their defaults: `{ "redis-outage.for": 10 }`. */
  bounceSettings: checked<BounceSettings>(bounceSettingsProblem),
  /** Pipelines of an instance that is silent for this long move to others, milliseconds. */
  leaseMs: number("leaseMs"),
  /** `stopped`: topologies with Redis start without it and use their fallback. */
  redis: oneOf(CHOICES.redis),
  /** Realtime only: clients fetch missed events from an event log that the instances share. */
  catchUp: flag,
  /**
   * Realtime only: the tier whose limits the load respects. The lab's own Realtime enforces them.
   */
  realtimePlan: oneOf(CHOICES.realtimePlan),
  /** Realtime only: allows a load above the tier's limits. */
  overQuota: flag,
  /** Realtime only: publish over its HTTP API, or over one WebSocket per instance. */
  realtimePublish: oneOf(CHOICES.realtimePublish),
});

/** @param machines how many of them share the sessions of the load */
export const scenarioSchemaOf = (machines: number): typeof scenarioSchema => {
  const range = NUMBER_RANGES.sessions;
  const sessions = checked<number>((value) =>
    numberProblem(value, { ...range, max: machines * range.max }),
  );
  return scenarioSchema.extend({ sessions });
};

export type Scenario = z.infer<typeof scenarioSchema>;

/** Settings of Realtime for a platform. @param hosted undefined if the platform starts Realtime */
export const realtimeSettings = (
  { realtimePlan, realtimePublish, catchUp }: Scenario,
  hosted: HostedRealtime | undefined,
): RealtimeSettings => ({
  plan: realtimePlan,
  publish: realtimePublish,
  catchUp,
  ...(hosted ? { hosted } : {}),
});

/** The scenario's topologies in the given order. */
export function selectTopologies(scenario: Pick<Scenario, "topologies">): Topology[] {
  const all: readonly Topology[] = [...TOPOLOGIES, TARGET_TOPOLOGY, MIGRATION_TOPOLOGY];
  return scenario.topologies.flatMap((name) => all.filter((topology) => topology.name === name));
}

/** Replicas of a topology in a scenario. A topology with a single instance keeps one. */
export const replicasOf = (topology: Topology, scenario: Pick<Scenario, "replicas">): number =>
  topology.replicas === 1 ? 1 : (scenario.replicas ?? topology.replicas);
