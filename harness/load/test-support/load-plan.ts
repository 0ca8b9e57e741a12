import type { LoadPlan } from "../portable/load-plan.ts";
import { LAB_PROTOCOL } from "../portable/service/lab-protocol.ts";

/** A small plan: 3 sessions of 5 events, all arriving within a twentieth of a second. */
export const smallPlan = (url: string, changes: Partial<LoadPlan> = {}): LoadPlan => ({
  url,
  client: "retrying",
  arrival: "ramp",
  sessions: 3,
  eventsPerSecond: 50,
  durationS: 0.1,
  pipelineS: 1,
  warmUpS: 0.05,
  jitter: "full",
  heartbeatS: 15,
  rampS: 0.05,
  drainS: 10,
  gates: 0,
  payloadBytes: 20,
  seed: 1,
  repeat: 1,
  service: LAB_PROTOCOL,
  ledger: true,
  ...changes,
});
