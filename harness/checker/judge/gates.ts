import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { RunResult } from "../run-result.ts";
import type { SessionRecord } from "../records/session-record.ts";

/**
 * Gates by stage: offered by the pipeline, answered by the client (and accepted), reached the
 * pipeline. An offered gate whose answer did not reach the pipeline by the end of the drain has
 * stalled it. Each gate of a session counts once.
 */
export function countGates(
  { sessions }: RunRecord,
  { drainEndedMs }: RunContext,
): RunResult["gates"] {
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

/**
 * True if the promise allows a pipeline to wait at a gate. Either chance routing promises nothing,
 * or the gate met an allowed loss: its event was lost, so that the client never answered, or the
 * answer had no route to the pipeline. (A loss that is not allowed makes the run invalid by
 * itself.)
 */
export function stallIsExcused(
  { gates }: SessionRecord,
  lostEvents: boolean,
  { promise, drainEndedMs }: RunContext,
): boolean {
  if (promise === null || promise.routedByChance) return true;
  const seen = gates.filter(({ atMs }) => atMs <= drainEndedMs);
  const namesOf = (wanted: string): Set<string> =>
    new Set(seen.filter(({ state }) => state === wanted).map(({ gate }) => gate));
  const reached = namesOf("reached");
  const answered = namesOf("answered");
  return [...namesOf("offered")]
    .filter((gate) => !reached.has(gate))
    .every((gate) =>
      answered.has(gate) ? promise.allowedCauses.includes("no-route") : lostEvents,
    );
}
