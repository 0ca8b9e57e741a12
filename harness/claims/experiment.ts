/** What the statements need beyond the reference run: small runs of the other topologies. */
import type { BounceKind } from "../history/observation.ts";
import { selectTopologies, type Scenario } from "../scenario/scenario.ts";
import type { SkippedPair } from "../scenario/fault-scenario.ts";

export const CLAIMS_SCENARIO = {
  topologies: ["phase1-header", "phase2", "phase2-sticky", "phase3"],
  sessions: 100,
  repeat: 2,
} as const satisfies Partial<Scenario>;

export const CLAIMS_BOUNCES: readonly BounceKind[] = ["none", "redis-outage", "realtime-outage"];

/** The pairs that statements name. */
const WANTED = [
  "phase1-header none",
  "phase2 none",
  "phase2 redis-outage",
  "phase2-sticky redis-outage",
  "phase3 none",
  "phase3 realtime-outage",
];

/** All other pairs of the scenario. */
export const pairsLeftOut = (scenario: Pick<Scenario, "topologies" | "bounces">): SkippedPair[] =>
  selectTopologies(scenario).flatMap(({ name: topology }) =>
    scenario.bounces
      .filter((bounce) => !WANTED.includes(`${topology} ${bounce}`))
      .map((bounce) => ({ topology, bounce, why: "no statement of the strategy needs it" })),
  );
