import type { Topology } from "../../infra/topologies.ts";
import type { LoadPlan } from "../load/portable/load-plan.ts";
import type { Scenario } from "./scenario.ts";

/** True if the topology's clients subscribe to Supabase Realtime themselves. */
export const usesRealtime = ({ broadcaster }: Pick<Topology, "broadcaster">): boolean =>
  broadcaster === "supabase";

/** The load of one run for an engine, without zod: the k6 scripts use it too. */
export const toLoadPlan = (url: string, topology: Topology, scenario: Scenario): LoadPlan => ({
  url,
  client: usesRealtime(topology) ? "realtime" : scenario.client,
  sessions: scenario.sessions,
  eventsPerSecond: scenario.rate,
  durationS: scenario.duration,
  rampS: scenario.ramp,
  drainS: scenario.drain,
  gates: scenario.gates,
  payloadBytes: scenario.payloadBytes,
  seed: scenario.seed,
});
