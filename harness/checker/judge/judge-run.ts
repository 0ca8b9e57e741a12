import type { Observation } from "../../history/observation.ts";
import { judgeRecord, unjudged } from "./judge-record.ts";
import { RunRecord } from "../records/run-record.ts";
import type { RunResult } from "../run-result.ts";

/**
 * Judges the records of one run, in any order: the same records give the same result, byte for byte as JSON.
 * @throws Error when the checker itself fails; see {@link judgeSafely}.
 */
export function judgeRun(observations: Iterable<Observation>): RunResult {
  const record = new RunRecord();
  for (const observation of observations) record.absorb(observation);
  return judgeRecord(record);
}

/** As {@link judgeRun}, but a checker that fails says `unknown`: what was not judged has not passed. */
export function judgeSafely(observations: Iterable<Observation>): RunResult {
  const judgement = new RunJudgement();
  for (const observation of observations) judgement.absorb(observation);
  return judgement.result();
}

/** A run that is judged while its history is read. Never throws. */
export class RunJudgement {
  readonly #record = new RunRecord();
  #failure: unknown;

  absorb(observation: Observation): void {
    if (this.#failure !== undefined) return;
    try {
      this.#record.absorb(observation);
    } catch (error) {
      this.#failure = error;
    }
  }

  result(): RunResult {
    if (this.#failure !== undefined) return unjudged(this.#record, this.#failure);
    try {
      return judgeRecord(this.#record);
    } catch (error) {
      return unjudged(this.#record, error);
    }
  }
}
