import type { Observation } from "../history/observation.ts";
import { RunJudgement } from "./judge-run.ts";
import type { RunResult } from "./run-result.ts";

/**
 * Judges a history run by run, in order, with one run in memory. Records before the first `run`
 * record form an `unknown` run.
 * @throws the reader's error, after the results of the earlier runs
 */
export async function* judgeHistory(
  observations: AsyncIterable<Observation[]>,
): AsyncGenerator<RunResult, void, undefined> {
  for await (const judgement of splitRuns(observations, () => new RunJudgement()))
    yield judgement.result();
}

/**
 * Hands each run of a history to a new collector, and yields the collector once its run is
 * complete.
 */
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
