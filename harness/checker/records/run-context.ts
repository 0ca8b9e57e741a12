import type { RunObservation } from "../../history/observation.ts";
import { collectBounces, type Bounce } from "./bounces.ts";
import { InstanceFacts } from "./instance-facts.ts";
import type { Names, RunRecord } from "./run-record.ts";
import { DIRECT_RETURN_MS, RETURN_MS } from "../thresholds.ts";

/** What every rule needs to know about the run as a whole. */
export interface RunContext {
  instances: Names;
  facts: InstanceFacts;
  /** Null if the history does not say which run this is: then nothing is promised. */
  promise: RunObservation["promise"] | null;
  /** A cut client that is not back after this time does not come back. */
  returnMs: number;
  /** By start. */
  bounces: readonly Bounce[];
  /** Null if the history lacks the phase. */
  loadStartedMs: number | null;
  drainStartedMs: number | null;
  /**
   * Infinity if the history lacks the phase: then every record counts (and the verdict is
   * `unknown`).
   */
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
