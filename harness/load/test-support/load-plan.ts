import type { LoadPlan } from "../portable/load-plan.ts";

/** A small plan: 3 sessions of 5 events within a tenth of a second. */
export const smallPlan = (url: string, changes: Partial<LoadPlan> = {}): LoadPlan => ({
  url,
  client: "retrying",
  sessions: 3,
  eventsPerSecond: 50,
  durationS: 0.1,
  rampS: 0.05,
  drainS: 10,
  gates: 0,
  payloadBytes: 20,
  seed: 1,
  ...changes,
});
