import { DEFAULT_GRACE_S } from "../../common/portable/default-grace.ts";
import type { Scenario } from "./scenario.ts";

/** What `sse-lab loadtest` runs when nothing else is said: under five minutes on two cores. The k6 scripts start from it too. */
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
  grace: DEFAULT_GRACE_S,
  gates: 0,
  payloadBytes: 200,
  client: "retrying",
  redis: "up",
  catchUp: false,
  realtimePlan: "none",
  overQuota: false,
  realtimePublish: "http",
};
