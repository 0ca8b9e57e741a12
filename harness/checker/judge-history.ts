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
  let judgement: RunJudgement | undefined;
  for await (const batch of observations) {
    for (const observation of batch) {
      if (observation.type === "run") {
        if (judgement !== undefined) yield judgement.result();
        judgement = new RunJudgement();
      }
      judgement ??= new RunJudgement();
      judgement.absorb(observation);
    }
  }
  if (judgement !== undefined) yield judgement.result();
}
