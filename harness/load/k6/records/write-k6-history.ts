import type { EngineObservation, PhaseObservation } from "../../../history/observation.ts";
import type { PlannedLoad } from "../../portable/load-plan.ts";
import { scheduleSessions } from "../../portable/load-schedule.ts";
import type { SegmentWriter } from "../../native/segment-writer.ts";
import { toObservation } from "./convert-records.ts";
import type { K6Times } from "../k6-run-state.ts";
import { isOwnRecord } from "./parse-k6-log-record.ts";
import { K6LogReader, readK6Log } from "./read-k6-log-records.ts";

/** Most lines that wait in memory for the disk. */
const FLUSH_EVERY_LINES = 200;

export interface K6History {
  plan: PlannedLoad;
  times: K6Times;
  /** What k6 wrote to its console, one file or several. */
  consoles: readonly string[];
  /**
   * Left out when k6 did not bring its sessions to their end: then the load may not be as planned.
   */
  engine?: EngineObservation;
}

/**
 * Writes what k6 processes saw as the native engine would have: `planned` for every session,
 * arrived or not, the phases, what the sessions observed, and what there is to say of the engine.
 * Reads the consoles a second time, because only all clock readings together tell the offset.
 */
export async function writeK6History(
  recorder: SegmentWriter,
  { plan, times, consoles, engine }: K6History,
): Promise<void> {
  for (const { index, session, events } of scheduleSessions(plan)) {
    recorder.record({ type: "planned", session, events, arriveMs: times.arriveMs[index] ?? 0 });
  }
  for (const [phase, atMs] of Object.entries(times.phases)) {
    recorder.record({ type: "phase", phase: phase as PhaseObservation["phase"], atMs });
  }
  let lines = 0;
  for (const path of consoles) {
    for await (const { process, records } of readK6Log(path, new K6LogReader())) {
      const offsetMs = times.offsetMs.get(process) ?? 0;
      for (const record of records) {
        if (!isOwnRecord(record)) recorder.record(toObservation(record, offsetMs));
      }
      lines += 1;
      if (lines % FLUSH_EVERY_LINES === 0) await recorder.flush();
    }
  }
  if (engine) recorder.record(engine);
}
