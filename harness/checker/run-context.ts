import { InstanceFacts } from "./instance-facts.ts";
import type { Names, RunRecord } from "./run-record.ts";

/** What every part of the judgement needs to know of the run as a whole. */
export interface RunContext {
  instances: Names;
  facts: InstanceFacts;
  /** Null when the history lacks the phase. */
  loadStartedMs: number | null;
  drainStartedMs: number | null;
  /** Infinity when the history lacks the phase: whatever is on record then counts (and the verdict is `unknown`). */
  drainEndedMs: number;
}

export const createRunContext = (record: RunRecord): RunContext => ({
  instances: record.instances,
  facts: new InstanceFacts(record),
  loadStartedMs: record.phases.get("load-started") ?? null,
  drainStartedMs: record.phases.get("drain-started") ?? null,
  drainEndedMs: record.phases.get("drain-ended") ?? Infinity,
});

/** Milliseconds, to the microsecond: what the clock resolves, and no binary tail in the results. */
export const roundMs = (ms: number): number => Math.round(ms * 1000) / 1000;
