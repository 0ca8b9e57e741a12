/**
 * Realtime's set-up in a comparison, and the parts of its latency. Null without a topology that has
 * it.
 */
import type { HopFigures, RunResult } from "../../checker/run-result.ts";
import { formatBytes, formatMs } from "../format.ts";
import { type Column, tableOf } from "./markdown-tables.ts";
import { bounceLabel, groupFigure, type RunGroup } from "../summary/run-group.ts";
import { topologyLabel } from "../realtime-implementation-note.ts";

type Facts = NonNullable<RunResult["realtime"]>;

/** One row per topology and Realtime set-up. */
export const setUpTable = (groups: readonly RunGroup[]): string | null => {
  const rows = new Map<string, { topology: string; facts: Facts }>();
  for (const { topology, runs } of groups)
    for (const { realtime: facts } of runs)
      if (facts !== null) rows.set(JSON.stringify([topology, facts]), { topology, facts });
  return tableOf(
    [...rows.values()],
    [
      { heading: "topology", align: "l", cell: ({ topology }) => topology },
      {
        heading: "Realtime implementation",
        align: "l",
        cell: ({ facts }) => `${facts.part}${facts.standIn ? " (a stand-in)" : ""}`,
      },
      { heading: "limits of plan", align: "l", cell: ({ facts }) => facts.plan },
      { heading: "published by", align: "l", cell: ({ facts }) => facts.publish },
      { heading: "catch-up", align: "l", cell: ({ facts }) => (facts.catchUp ? "yes" : "no") },
      { heading: "client code", cell: ({ facts }) => formatBytes(facts.frontEnd.minifiedBytes) },
      { heading: "gzipped", cell: ({ facts }) => formatBytes(facts.frontEnd.gzippedBytes) },
    ],
  );
};

const PERCENTILES = ["p50", "p90", "p99", "max"] as const satisfies readonly (keyof HopFigures)[];

/** Latency in two parts, for groups whose events carry their hand-over time. */
export const hopTable = (groups: readonly RunGroup[]): string | null => {
  const part = (word: string, key: keyof NonNullable<RunResult["brokerHop"]>): Column<RunGroup>[] =>
    PERCENTILES.map((percentile) => ({
      heading: `${word} ${percentile}`,
      cell: (group) =>
        groupFigure(group, (run) => run.brokerHop?.[key][percentile] ?? null, formatMs),
    }));
  return tableOf(
    groups.filter((group) => group.measured.some((run) => run.brokerHop !== null)),
    [
      { heading: "topology", align: "l", cell: topologyLabel },
      { heading: "bounce", align: "l", cell: (group) => bounceLabel(group.bounce) },
      ...part("waited", "waitedMs"),
      ...part("carried", "carriedMs"),
    ],
  );
};
