import type { RunContext } from "./run-context.ts";
import type { RunRecord } from "./run-record.ts";
import type { RunResult } from "./run-result.ts";

/**
 * Gates by their way: offered by the pipeline, answered by the client (and the answer accepted), arrived at the pipeline. A gate
 * that was offered and not reached by the end of the drain has stalled its pipeline. Each gate of a session counts once.
 */
export function countGates({ sessions }: RunRecord, { drainEndedMs }: RunContext): RunResult["gates"] {
  const counts = { offered: 0, answered: 0, reachedPipeline: 0, stalled: 0 };
  for (const { gates } of sessions.values()) {
    const offered = new Set<string>();
    const answered = new Set<string>();
    const reached = new Set<string>();
    for (const { gate, state, status = 0, atMs } of gates) {
      if (atMs > drainEndedMs) continue;
      if (state === "offered") offered.add(gate);
      else if (state === "reached") reached.add(gate);
      else if (status >= 200 && status < 300) answered.add(gate);
    }
    counts.offered += offered.size;
    counts.answered += answered.size;
    counts.reachedPipeline += reached.size;
    for (const gate of offered) if (!reached.has(gate)) counts.stalled++;
  }
  return counts;
}
