/** Pairs of a comparison that its scenario leaves out, to have time for others. */
import type { SkippedPair } from "./fault-scenario.ts";
import type { Scenario } from "./scenario.ts";

type Asked = Pick<Scenario, "topologies" | "bounces" | "steadyOnly">;

export const leftOutPairs = ({ topologies, bounces, steadyOnly = [] }: Asked): SkippedPair[] =>
  topologies
    .filter((topology) => steadyOnly.includes(topology))
    .flatMap((topology) =>
      bounces
        .filter((bounce) => bounce !== "none")
        .map((bounce) => ({ topology, bounce, why: "it runs in steady state only" })),
    );

export function steadyOnlyProblems(
  { topologies, bounces, steadyOnly = [] }: Asked,
  nameOf: (key: string) => string,
): string[] {
  if (steadyOnly.length === 0) return [];
  const given = `${nameOf("steadyOnly")} ${steadyOnly.join(",")}`;
  const absent = steadyOnly.filter((topology) => !topologies.includes(topology));
  return [
    ...(absent.length === 0
      ? []
      : [`${given}: ${absent.join(", ")} is not compared; add it to ${nameOf("topologies")}`]),
    ...(bounces.includes("none")
      ? []
      : [`${given}: no run is in steady state; add none to ${nameOf("bounces")}`]),
  ];
}
