/** A scenario: what to run, as validated data. Every command-line flag and scenario-file key ends up here. */
import { z } from "zod";
import type { HostedRealtime, RealtimeSettings } from "../../infra/realtime/realtime-settings.ts";
import { TOPOLOGIES, type Topology } from "../../infra/topologies.ts";
import {
  type Choice,
  choiceProblem,
  CHOICES,
  flagProblem,
  listProblem,
  NUMBER_RANGES,
  numberProblem,
} from "./ranges.ts";

/** A value for which `problemOf` knows no problem. */
const checked = <T>(problemOf: (value: unknown) => string | undefined) =>
  z.custom<T>().superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

const number = (key: keyof typeof NUMBER_RANGES) =>
  checked<number>((value) => numberProblem(value, NUMBER_RANGES[key]));
const oneOf = <T extends string>(choices: Choice<T>) => checked<T>((value) => choiceProblem(value, choices));
const listOf = <T extends string>(choices: Choice<T>) => checked<T[]>((value) => listProblem(value, choices));
const flag = checked<boolean>(flagProblem);

export const graceSchema = number("grace");

export const scenarioSchema = z.strictObject({
  topologies: listOf<string>(CHOICES.topology),
  bounces: listOf(CHOICES.bounce),
  /** Concurrent streams. How many the router's open files carry is checked on the host, before the start. */
  sessions: number("sessions"),
  /** Events per second and session. */
  rate: number("rate"),
  /** Seconds of measured load in each run. */
  duration: number("duration"),
  /** Seconds over which sessions arrive. */
  ramp: number("ramp"),
  /** Longest wait for what is still on its way after the load, seconds. */
  drain: number("drain"),
  repeat: number("repeat"),
  seed: number("seed"),
  /** Overrides the replicas of every topology that has more than one. */
  replicas: number("replicas").optional(),
  /** Between SIGTERM and SIGKILL when a bounce stops an instance, seconds. 0: SIGKILL at once. */
  grace: graceSchema,
  gates: number("gates"),
  payloadBytes: number("payloadBytes"),
  client: oneOf(CHOICES.client),
  /** `stopped`: topologies with Redis start without it, to see the fallback. */
  redis: oneOf(CHOICES.redis),
  /** Realtime only: clients take what they missed from an event log that the instances share. */
  catchUp: flag,
  /** Realtime only: whose limits are in force on one that the lab stands up, and are kept to on any. */
  realtimePlan: oneOf(CHOICES.realtimePlan),
  /** Realtime only: a scenario beyond the plan's limits is run all the same. */
  overQuota: flag,
  /** Realtime only: by its HTTP API, or by one WebSocket of each instance. */
  realtimePublish: oneOf(CHOICES.realtimePublish),
});

export type Scenario = z.infer<typeof scenarioSchema>;

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
