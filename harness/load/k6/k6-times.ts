/** When a load by k6 began, was complete, drained and ended, on the instances' clock. */
import type { EngineObservation, PhaseObservation } from "../../history/observation.ts";
import { createLagHistogram, recordLag, summarizeLag } from "../native/workers/lag-meter.ts";
import type { LoadPlan } from "../portable/load-plan.ts";
import { scheduleSessions } from "../portable/load-schedule.ts";
import { inMicroseconds } from "./records/convert-records.ts";
import type { K6RunState, K6ProcessState } from "./k6-run-state.ts";

/** What a process without a single clock reading takes instead: its run is `unknown`, but its records must lie somewhere. */
export type FallbackOffset = (state: K6ProcessState) => number;

export interface K6Times {
  /** What to add to a time of the process, by its name. */
  offsetMs: ReadonlyMap<string, number>;
  phases: Readonly<Record<PhaseObservation["phase"], number>>;
  /** When each session was due to arrive, in order of arrival. */
  arriveMs: readonly number[];
  clockErrorMs: number | null;
  lagMs: EngineObservation["lagMs"];
}

/** Undefined as long as no session of the plan has arrived. */
export function k6Times(state: K6RunState, plan: LoadPlan, fallback: FallbackOffset): K6Times | undefined {
  const processes = [...state.processes.values()];
  const offsetMs = new Map(
    processes.map(
      (one) => [one.process, one.clock.bounds?.offsetMs ?? one.clock.roughMs ?? fallback(one)] as const,
    ),
  );
  const schedule = scheduleSessions(plan);
  const offsets = new Map(schedule.map(({ session, arriveOffsetMs }) => [session, arriveOffsetMs]));
  const due = new Map<string, number>();
  const starts: number[] = [];
  const arrivals: number[] = [];
  const ends: number[] = [];
  const lateness = createLagHistogram();
  for (const { process, arrived, ended, lastMs } of processes) {
    const toLabMs = offsetMs.get(process) ?? 0;
    for (const [session, { dueMs, atMs }] of arrived) {
      due.set(session, dueMs + toLabMs);
      starts.push(dueMs + toLabMs - (offsets.get(session) ?? 0));
      arrivals.push(atMs + toLabMs);
      recordLag(lateness, atMs - dueMs);
    }
    for (const atMs of ended.values()) ends.push(atMs + toLabMs);
    if (ended.size < arrived.size) ends.push(lastMs + toLabMs);
  }
  if (starts.length === 0) return undefined;
  const lastOffsetMs = schedule.at(-1)?.arriveOffsetMs ?? 0;
  const startMs = least(starts);
  // Processes of one plan begin one after the other: the load is over when that of the last one is.
  const plannedEndMs = most(starts) + lastOffsetMs + plan.durationS * 1000;
  return {
    offsetMs,
    phases: {
      "load-started": inMicroseconds(startMs),
      loaded: inMicroseconds(most(arrivals)),
      "drain-started": inMicroseconds(plannedEndMs),
      "drain-ended": inMicroseconds(Math.max(plannedEndMs, most(ends))),
    },
    arriveMs: schedule.map(({ session, arriveOffsetMs }) =>
      inMicroseconds(due.get(session) ?? startMs + arriveOffsetMs),
    ),
    clockErrorMs: processes.some(({ clock }) => clock.bounds === null)
      ? null
      : most(processes.map(({ clock }) => clock.bounds?.errorMs ?? 0)),
    lagMs: summarizeLag(lateness),
  };
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
