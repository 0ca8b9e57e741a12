import { nowMs } from "../clock.ts";
import type { RunObservation } from "../history/observation.ts";
import type { Topology } from "../../infra/topologies.ts";
import { replicasOf, type Scenario } from "../scenario/scenario.ts";
import type { RunSpec } from "./run-one.ts";

/** The record that opens a run: what it is, and what is promised of it. */
export function describeRun({ topology, bounce: kind, repeat, scenario }: RunSpec): RunObservation {
  const steady = kind === "none";
  const { promise } = topology;
  return {
    type: "run",
    topology: topology.name,
    bounce: kind,
    repeat,
    seed: scenario.seed,
    replicas: replicasOf(topology, scenario),
    atMs: nowMs(),
    startedAt: new Date().toISOString(),
    promise: {
      allowedCauses: steady ? promise.steady : promise.bounced,
      neverPublishedAllowed: !steady && promise.pipelinesMayDie,
      routedByChance: promise.routedByChance,
      sentence: promise.sentence,
    },
    load: {
      sessions: scenario.sessions,
      eventsPerSecond: scenario.rate,
      durationS: scenario.duration,
      gates: scenario.gates,
    },
    notes: notesOf(topology, scenario),
  };
}

function notesOf(topology: Topology, scenario: Scenario): string[] {
  if (scenario.redis !== "stopped" || topology.broadcaster !== "redis") return [];
  return [
    "Redis was stopped before the start: every instance fell back to local delivery, so this topology behaves as one without a broker.",
  ];
}
