/** Planned runs without a result: a comparison without them must never pass for a complete one. */
import type { RunResult } from "../../checker/run-result.ts";
import { formatCount, formatList } from "../format.ts";
import type { Summary } from "./summary.ts";

/** A planned run: one topology under one bounce, one repeat of it. */
export interface MissingRun {
  topology: string;
  bounce: RunResult["bounce"];
  repeat: number;
}

type Planned = Pick<Summary, "scenario" | "runs">;

const plannedRuns = ({ scenario }: Planned): MissingRun[] =>
  Array.from({ length: scenario.repeat }, (_, index) => index + 1).flatMap((repeat) =>
    [...new Set(scenario.topologies)].flatMap((topology) =>
      [...new Set(scenario.bounces)]
        .filter((bounce) => !isSkipped(scenario, topology, bounce))
        .map((bounce) => ({ topology, bounce, repeat })),
    ),
  );

const isSkipped = (
  { skipped = [] }: Summary["scenario"],
  topology: string,
  bounce: RunResult["bounce"],
): boolean => skipped.some((pair) => pair.topology === topology && pair.bounce === bounce);

const keyOf = ({ topology, bounce, repeat }: MissingRun): string =>
  JSON.stringify([topology, bounce, repeat]);

/** Every planned run (topologies x bounces x repeats) without a result, in the planned order. */
export const missingRuns = (summary: Planned): MissingRun[] => {
  const measured = new Set(summary.runs.map(keyOf));
  return plannedRuns(summary).filter((run) => !measured.has(keyOf(run)));
};

/** `interrupted after 9 of 36 runs`. Null if no run is missing. */
export const interruption = (summary: Planned): string | null => {
  const missing = missingRuns(summary).length;
  if (missing === 0) return null;
  const planned = plannedRuns(summary).length;
  return `interrupted after ${formatCount(planned - missing)} of ${formatCount(planned)} runs`;
};

/** One sentence that names the topologies with missing runs. Null if none is missing. */
export const missingSentence = (summary: Planned): string | null => {
  const missing = missingRuns(summary);
  if (missing.length === 0) return null;
  const measured = new Set(summary.runs.map((run) => run.topology));
  const topologies = [...new Set(missing.map((run) => run.topology))];
  const absent = topologies.filter((topology) => !measured.has(topology));
  const partial = topologies.filter((topology) => measured.has(topology));
  const parts = [
    ...(absent.length > 0 ? [`every run of ${formatList(absent)}`] : []),
    ...(partial.length > 0 ? [`some runs of ${formatList(partial)}`] : []),
  ];
  const count = missing.length === 1 ? "1 run is" : `${formatCount(missing.length)} runs are`;
  return (
    `${count} missing, because the comparison was interrupted: ${formatList(parts)}. What ` +
    "follows may change once they are measured."
  );
};
