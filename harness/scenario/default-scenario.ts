import { DEFAULT_GRACE_S } from "../../common/portable/default-grace.ts";
import { DEFAULT_HEARTBEAT_S } from "../load/portable/engine-limits.ts";
import type { Scenario } from "./scenario.ts";

/** Loses two of three events by itself, so a bounce says little more of it. */
export const DEFAULT_STEADY_ONLY: NonNullable<Scenario["steadyOnly"]> = ["naive"];

/**
 * The defaults of `sse-lab loadtest` and the k6 scripts: under five minutes on two cores. Without a
 * duration, each run is as long as its bounce needs; a larger load takes longer (`load-times.ts`).
 */
export const DEFAULT_SCENARIO: Scenario = {
  topologies: ["phase0", "naive", "phase1", "phase2", "phase2-durable"],
  bounces: ["none", "rolling", "crash"],
  sessions: 300,
  rate: 5,
  arrival: "stationary",
  pipeline: 8,
  warmUp: 4,
  ramp: 3,
  drain: 4,
  repeat: 1,
  seed: 1,
  grace: DEFAULT_GRACE_S,
  gates: 0,
  payloadBytes: 200,
  client: "retrying",
  jitter: "full",
  retryMs: 1000,
  heartbeat: DEFAULT_HEARTBEAT_S,
  bounceSettings: {},
  leaseMs: 2000,
  redis: "up",
  catchUp: false,
  realtimePlan: "none",
  overQuota: false,
  realtimePublish: "http",
};
