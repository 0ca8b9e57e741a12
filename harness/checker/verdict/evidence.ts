import type { Counts } from "../judge/counts.ts";
import type { DurationHistogram } from "../measures/histogram.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { RunResult } from "../run-result.ts";

/** What the verdict's rules look at. */
export interface Evidence {
  record: RunRecord;
  context: RunContext;
  counts: Counts<DurationHistogram>;
  steps: RunResult["steps"];
  load: RunResult["load"];
}

/**
 * One reason for a verdict. `when` returns the sentence, figures included; null if the rule does
 * not match.
 */
export interface Rule<Id extends string = string> {
  id: Id;
  when: (evidence: Evidence) => string | null;
}

export interface Finding {
  id: string;
  sentence: string;
}

export const findingsOf = (rules: readonly Rule[], evidence: Evidence): Finding[] =>
  rules.flatMap(({ id, when }) => {
    const sentence = when(evidence);
    return sentence === null ? [] : [{ id, sentence }];
  });

export const inMs = (ms: number): string => `${Number(ms.toFixed(1))} ms`;

export const inPercent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;
