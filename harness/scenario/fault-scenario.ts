/** The scenario of `sse-lab faults`: so small that each topology meets each bounce in an hour. */
import type { Topology } from "../../infra/topologies.ts";
import { BOUNCE_CHOICES, type BounceKind } from "../history/observation.ts";
import { refusalOf } from "../nemesis/kinds.ts";
import type { Scenario } from "./scenario.ts";

export const FAULT_SCENARIO = {
  sessions: 60,
  rate: 4,
  pipeline: 6,
  ramp: 1,
  warmUp: 2,
  drain: 3,
} as const satisfies Partial<Scenario>;

/** Chaos has no place here: it mixes what this tells apart, and takes minutes. */
export const FAULT_BOUNCES: readonly BounceKind[] = BOUNCE_CHOICES.filter(
  (kind) => kind !== "chaos",
);

/** A pair that topology or platform cannot carry out. */
export interface SkippedPair {
  topology: string;
  bounce: BounceKind;
  why: string;
}

export const skippedPairs = (
  topologies: readonly Topology[],
  bounces: readonly BounceKind[],
  platform: "local" | "docker" | "target",
): SkippedPair[] =>
  topologies.flatMap((topology) =>
    bounces.flatMap((bounce) => {
      const why = refusalOf(bounce, topology, platform);
      return why === undefined ? [] : [{ topology: topology.name, bounce, why }];
    }),
  );

/** Streams are only silent for seconds if their pipelines are slow. */
export const scenarioFor = (scenario: Scenario, bounce: BounceKind): Scenario =>
  bounce === "idle-cut" ? { ...scenario, rate: 0.4, pipeline: 12 } : scenario;
