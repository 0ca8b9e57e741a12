import type { Topology } from "../../infra/topologies.ts";
import type { LoadPlan } from "../load/portable/load-plan.ts";
import { LAB_PROTOCOL } from "../load/portable/service/lab-protocol.ts";
import type { Scenario } from "./scenario.ts";

/** True if the topology's clients subscribe to Supabase Realtime themselves. */
export const usesRealtime = ({ broadcaster }: Pick<Topology, "broadcaster">): boolean =>
  broadcaster === "supabase";

/** What differs between the runs of a scenario. */
export interface RunOfScenario {
  /** Seconds of load. */
  durationS: number;
  /** 1-based. */
  repeat: number;
}

/** The load of one run for an engine, without zod: the k6 scripts use it too. */
export const toLoadPlan = (
  url: string,
  topology: Topology,
  scenario: Scenario,
  { durationS, repeat }: RunOfScenario,
): LoadPlan => ({
  url,
  client: usesRealtime(topology) ? "realtime" : scenario.client,
  jitter: scenario.jitter,
  heartbeatS: scenario.heartbeat,
  arrival: scenario.arrival,
  sessions: scenario.sessions,
  eventsPerSecond: scenario.rate,
  durationS,
  pipelineS: scenario.pipeline,
  warmUpS: scenario.warmUp,
  rampS: scenario.ramp,
  drainS: scenario.drain,
  gates: scenario.gates,
  payloadBytes: scenario.payloadBytes,
  seed: scenario.seed,
  repeat,
  service: LAB_PROTOCOL,
  ledger: true,
});
