import type { Observation } from "../history/observation.ts";
import { RunJudgement } from "./judge-run.ts";
import type { RunResult } from "./run-result.ts";

/**
 * Judges a history run by run, in its order, keeping one run in memory. Records before the first `run` record are judged as a run
 * that is `unknown`. An error of the reader passes through, after the results of the runs before it: half a history is no evidence.
 */
export async function* judgeHistory(
  observations: AsyncIterable<Observation[]>,
): AsyncGenerator<RunResult, void, undefined> {
  for await (const judgement of splitRuns(observations, () => new RunJudgement())) yield judgement.result();
}

/** Hands each run of a history to a collector of its own, and yields that one once its run is whole. */
export async function* splitRuns<Collector extends { absorb(observation: Observation): void }>(
  observations: AsyncIterable<Observation[]>,
  createCollector: () => Collector,
): AsyncGenerator<Collector, void, undefined> {
  let collector: Collector | undefined;
  for await (const batch of observations) {
    for (const observation of batch) {
      if (observation.type === "run") {
        if (collector !== undefined) yield collector;
        collector = createCollector();
      }
      collector ??= createCollector();
      collector.absorb(observation);
    }
  }
  if (collector !== undefined) yield collector;
}
