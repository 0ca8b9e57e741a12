/** Runs all cases against one target: inspects it first, then runs a few cases at a time. */
import { setTimeout as sleep } from "node:timers/promises";
import { CASES } from "./cases/cases.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { inspectTarget, type Inspection } from "./inspect-target.ts";
import { ANSWER_TIMEOUT_MS, type CaseResult, runCase } from "./run-case.ts";
import type { Target } from "./target.ts";

/** More cases at once could reach the joins per second of a small project. */
const AT_ONCE = 4;

export interface SuiteOptions {
  target: Target;
  cases?: readonly ConformanceCase[];
  /** Also run the cases that wait for a minute. */
  slow?: boolean;
  /** Skip the private cases if the target lacks the lab's policy, instead of failing. */
  skipPrivate?: boolean;
  /** Longest wait for one answer, ms. */
  timeoutMs?: number;
  /** When aborted, no further case begins and the running ones clean up. */
  signal?: AbortSignal;
  onInspected?: (inspection: Inspection) => void;
  onResult?: (result: CaseResult) => void;
}

export interface SuiteResult {
  /** Remarks of the inspection. */
  notes: readonly string[];
  conforms: number;
  fails: number;
  differs: number;
  skipped: number;
  /** In the order of the cases. */
  cases: readonly CaseResult[];
}

/** @throws UserError if the target cannot be judged; the signal's reason if it was aborted */
export async function runSuite(options: SuiteOptions): Promise<SuiteResult> {
  const { target, cases = CASES, timeoutMs = ANSWER_TIMEOUT_MS } = options;
  const inspection = await inspectTarget(target, { ...options, timeoutMs });
  options.onInspected?.(inspection);
  const results: CaseResult[] = [];
  const waiting = cases.entries();
  const worker = async (): Promise<void> => {
    for (const [index, one] of waiting) {
      if (options.signal?.aborted) return;
      await sleep(inspection.paceMs);
      const result = await runCase(one, { target, timeoutMs, ...inspection });
      results[index] = result;
      options.onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: inspection.paceMs > 0 ? 1 : AT_ONCE }, worker));
  options.signal?.throwIfAborted();
  const count = (outcome: CaseResult["outcome"]): number =>
    results.filter((result) => result.outcome === outcome).length;
  return {
    notes: inspection.notes,
    conforms: count("conforms"),
    fails: count("fails"),
    differs: count("differs"),
    skipped: count("skipped"),
    cases: results,
  };
}
