import type { Summary } from "../../report/summary/summary.ts";
import type { Scenario } from "../../scenario/scenario.ts";

/** A scenario as summary and manifest tell it. */
export const summaryScenario = (scenario: Scenario): Summary["scenario"] => ({
  topologies: scenario.topologies,
  bounces: scenario.bounces,
  repeat: scenario.repeat,
  sessions: scenario.sessions,
  eventsPerSecond: scenario.rate,
  durationS: scenario.duration,
  rampS: scenario.ramp,
  drainS: scenario.drain,
  gates: scenario.gates,
  payloadBytes: scenario.payloadBytes,
  replicas: scenario.replicas ?? null,
  redis: scenario.redis,
  graceS: scenario.grace,
  catchUp: scenario.catchUp,
  realtimePlan: scenario.realtimePlan,
  realtimePublish: scenario.realtimePublish,
  overQuota: scenario.overQuota,
});
