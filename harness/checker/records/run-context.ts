import type { RunObservation } from "../../history/observation.ts";
import { collectBounces, type Bounce } from "./bounces.ts";
import { InstanceFacts } from "./instance-facts.ts";
import type { Names, RunRecord } from "./run-record.ts";
import { DIRECT_RETURN_MS, RETURN_MS } from "../thresholds.ts";

/** What every part of the judgement needs to know of the run as a whole. */
export interface RunContext {
  instances: Names;
  facts: InstanceFacts;
  /** Null when the history does not say which run it is: then nothing is promised. */
  promise: RunObservation["promise"] | null;
  /** After this long a client that was cut does not come back. */
  returnMs: number;
  /** By their start. */
  bounces: readonly Bounce[];
  /** Null when the history lacks the phase. */
  loadStartedMs: number | null;
  drainStartedMs: number | null;
  /** Infinity when the history lacks the phase: whatever is on record then counts (and the verdict is `unknown`). */
  drainEndedMs: number;
}

export const createRunContext = (record: RunRecord): RunContext => ({
  instances: record.instances,
  facts: new InstanceFacts(record),
  promise: record.run?.promise ?? null,
  returnMs: record.run?.realtime === undefined ? RETURN_MS : DIRECT_RETURN_MS,
  bounces: collectBounces(record),
  loadStartedMs: record.phases.get("load-started") ?? null,
  drainStartedMs: record.phases.get("drain-started") ?? null,
  drainEndedMs: record.phases.get("drain-ended") ?? Infinity,
});
