import type { RunObservation, WithoutLedger } from "../../history/observation.ts";
import { collectBounces, type Bounce } from "./bounces.ts";
import { InstanceFacts } from "./instance-facts.ts";
import type { Names, RunRecord } from "./run-record.ts";
import { DIRECT_RETURN_MS, RETURN_MS, SILENT_AFTER } from "../thresholds.ts";

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
  /** The end of the warm-up: `loaded`, or load-started, in histories without it. */
  measuredMs: number | null;
  /** The start of the first bounce. Null without a bounce. */
  deployStartMs: number | null;
  /** How late the engine may read, and so notice the end of a stream (p99). */
  engineLagMs: number;
  /** True if clients can get missed events later, so that a missing one may still be owed. */
  canReplay: boolean;
  /** What the events tell if the service keeps no ledger. Null with ledgers. */
  withoutLedger: WithoutLedger | null;
  /** The error of the publish times that events state, milliseconds. Null if it is unknown. */
  publishClockErrorMs: number | null;
  /** A stream whose last event is older than this at a moment receives no more, milliseconds. */
  silentAfterMs: number;
  drainStartedMs: number | null;
  /**
   * Infinity if the history lacks the phase: then every record counts (and the verdict is
   * `unknown`).
   */
  drainEndedMs: number;
}

export function createRunContext(record: RunRecord): RunContext {
  const { phases } = record;
  const bounces = collectBounces(record);
  const loadStartedMs = phases.get("load-started") ?? null;
  return {
    instances: record.instances,
    facts: new InstanceFacts(record),
    promise: record.run?.promise ?? null,
    returnMs: record.run?.realtime === undefined ? RETURN_MS : DIRECT_RETURN_MS,
    bounces,
    loadStartedMs,
    measuredMs: phases.get("measured") ?? phases.get("loaded") ?? loadStartedMs,
    deployStartMs: bounces[0]?.startedMs ?? null,
    engineLagMs: record.engine?.lagMs.p99 ?? 0,
    canReplay: record.run?.realtime?.catchUp === true || hasReplayed(record),
    withoutLedger: record.run?.withoutLedger ?? null,
    publishClockErrorMs: record.engine?.publishClockErrorMs ?? null,
    silentAfterMs: Math.max(
      SILENT_AFTER.leastMs,
      (SILENT_AFTER.events * 1000) / (record.run?.load.eventsPerSecond || 1),
    ),
    drainStartedMs: phases.get("drain-started") ?? null,
    drainEndedMs: phases.get("drain-ended") ?? Infinity,
  };
}

/** True if a stream was answered from a log, in time or not. */
const hasReplayed = ({ sessions }: RunRecord): boolean =>
  [...sessions.values()].some(({ connected }) =>
    [...connected.values()].some(({ resume }) => resume !== "none" && resume !== "unsupported"),
  );
