import { judgeHistory } from "../../checker/judge-history.ts";
import type { RunResult } from "../../checker/run-result.ts";
import type { Observation } from "../../history/observation.ts";

/** Judges all runs of a history, in its order. */
export async function judgeAll(observations: AsyncIterable<Observation[]>): Promise<RunResult[]> {
  const results: RunResult[] = [];
  for await (const result of judgeHistory(observations)) results.push(result);
  return results;
}
