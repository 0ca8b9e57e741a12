/** All cases against one target: a first look at it, then every case, some at a time. */
import { setTimeout as sleep } from "node:timers/promises";
import { CASES } from "./cases/cases.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { inspectTarget, type Inspection } from "./inspect-target.ts";
import { ANSWER_TIMEOUT_MS, type CaseResult, runCase } from "./run-case.ts";
import type { Target } from "./target.ts";

/** Cases spend their time on waiting. More at once would come near the joins per second of a small project. */
const AT_ONCE = 4;

/** What the suite does to a target, for people who are about to run it. */
export const ON_THE_TARGET =
  `every topic and tenant that it makes is called sse-lab-conformance-<random>,\nor sse:session:sse-lab-conformance-<random>; ` +
  `it publishes a few thousand messages, holds up to ${AT_ONCE * 3} sockets at once,\nand removes its tenants.`;

export interface SuiteOptions {
  target: Target;
  cases?: readonly ConformanceCase[];
  /** The cases that wait for a minute too. */
  slow?: boolean;
  /** The target lacks the lab's policy, and that is no reason to stop. */
  skipPrivate?: boolean;
  /** Longest wait for one answer, ms. */
  timeoutMs?: number;
  /** Aborted: no further case begins, and those that run clean up. */
  signal?: AbortSignal;
  onInspected?: (inspection: Inspection) => void;
  onResult?: (result: CaseResult) => void;
}

export interface SuiteResult {
  /** What the first look told: an old server, no tenants of one's own. */
  notes: readonly string[];
  conforms: number;
  fails: number;
  differs: number;
  skipped: number;
  /** In the order of the cases. */
  cases: readonly CaseResult[];
}

/** Rejects with a `UserError` when nothing can be judged there, and with the signal's reason when it was aborted. */
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
