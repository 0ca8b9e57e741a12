import type { Observation } from "../history/observation.ts";
import { type JudgedRun, RunJudgement } from "./judge-run.ts";
import type { RunResult } from "./run-result.ts";

/**
 * The most observations of one run: over an hour at 10,000 events/s, each published and received. A
 * small gzip file can hold more than any memory can.
 */
const MAX_OBSERVATIONS = 100_000_000;

/**
 * Judges a history run by run, in order, with one run in memory. Records before the first `run`
 * record form an `unknown` run.
 * @throws the reader's error, after the results of the earlier runs
 */
export async function* judgeHistory(
  observations: AsyncIterable<Observation[]>,
): AsyncGenerator<RunResult, void, undefined> {
  for await (const { result } of judgeWithSeries(observations)) yield result;
}

/** As {@link judgeHistory}, with what each run looked like over time. */
export async function* judgeWithSeries(
  observations: AsyncIterable<Observation[]>,
): AsyncGenerator<JudgedRun, void, undefined> {
  for await (const judgement of splitRuns(observations, () => new RunJudgement()))
    yield judgement.judged();
}

/**
 * Hands each run of a history to a new collector, and yields the collector once its run is
 * complete.
 * @throws Error for a run of more than `maxObservations`
 */
export async function* splitRuns<Collector extends { absorb(observation: Observation): void }>(
  observations: AsyncIterable<Observation[]>,
  createCollector: () => Collector,
  maxObservations = MAX_OBSERVATIONS,
): AsyncGenerator<Collector, void, undefined> {
  let collector: Collector | undefined;
  let count = 0;
  for await (const batch of observations) {
    for (const observation of batch) {
      if (observation.type === "run") {
        if (collector !== undefined) yield collector;
        collector = createCollector();
        count = 0;
      }
      collector ??= createCollector();
      count += 1;
      if (count > maxObservations)
        throw new Error(
          `a run of this history has more than ${maxObservations} records: the lab writes no ` +
            "such run, so the file is not its own or is damaged",
        );
      collector.absorb(observation);
    }
  }
  if (collector !== undefined) yield collector;
}
