import type { EngineObservation, PhaseObservation } from "../../history/observation.ts";
import { createLagHistogram, recordLag, summarizeLag } from "../native/workers/lag-meter.ts";
import { ClockOffset } from "../portable/clock-offset.ts";
import type { K6LogLine, K6LogRecord, PlanRecord } from "../portable/k6-log-records.ts";
import type { PlannedLoad } from "../portable/load-plan.ts";
import { plannedTimes, scheduleSessions } from "../portable/load-schedule.ts";
import { inMicroseconds } from "./records/convert-records.ts";
import type { K6LogReader } from "./records/read-k6-log-records.ts";

/** What is known of one k6 process. Times are on its own clock, milliseconds. */
export interface K6ProcessState {
  process: string;
  plan: PlanRecord | undefined;
  clock: ClockOffset;
  /** By session. */
  arrived: Map<string, { dueMs: number; atMs: number }>;
  /** Sessions of which nothing more comes, and when they ended. */
  ended: Map<string, number>;
  /** Instances that any record names. */
  instances: Set<string>;
  /** The latest time of any record. */
  lastMs: number;
}

/**
 * Sums up k6's log lines as they come. It holds what progress and clock conversion need, and does
 * not grow with the events.
 */
export class K6RunState {
  readonly processes = new Map<string, K6ProcessState>();
  /**
   * Sessions that arrived more than once: two processes share a part of the plan, or a line is
   * repeated.
   */
  readonly twice = new Set<string>();
  /** Streams that are confirmed and have not ended. */
  up = 0;
  received = 0;
  reconnects = 0;
  /** Events received, by session. */
  readonly receivedBy = new Map<string, number>();
  arrived = 0;
  ended = 0;

  absorb(line: K6LogLine): void {
    const state = this.#processOf(line.process);
    for (const record of line.records) this.#absorb(record, state);
  }

  /** Every process's plan, in the order in which they were met. */
  plans(): PlanRecord[] {
    return [...this.processes.values()].flatMap(({ plan }) => plan ?? []);
  }

  #processOf(process: string): K6ProcessState {
    let state = this.processes.get(process);
    if (state === undefined) {
      state = {
        process,
        plan: undefined,
        clock: new ClockOffset(),
        arrived: new Map(),
        ended: new Map(),
        instances: new Set(),
        lastMs: -Infinity,
      };
      this.processes.set(process, state);
    }
    return state;
  }

  #absorb(record: K6LogRecord, state: K6ProcessState): void {
    state.lastMs = Math.max(
      state.lastMs,
      record.type === "k6-clock" ? record.answeredMs : record.atMs,
    );
    if ("instance" in record) state.instances.add(record.instance);
    switch (record.type) {
      case "k6-plan":
        state.plan ??= record;
        return;
      case "k6-clock":
        state.clock.add(record);
        return;
      case "k6-arrived":
        if ([...this.processes.values()].some(({ arrived }) => arrived.has(record.session)))
          this.twice.add(record.session);
        else this.arrived += 1;
        state.arrived.set(record.session, record);
        return;
      case "k6-ended":
        if (!state.ended.has(record.session)) this.ended += 1;
        state.ended.set(record.session, record.atMs);
        return;
      case "connected":
        this.up += 1;
        if (record.connection > 1) this.reconnects += 1;
        return;
      case "disconnected":
        this.up -= 1;
        return;
      case "received":
        this.received += 1;
        this.receivedBy.set(record.session, (this.receivedBy.get(record.session) ?? 0) + 1);
        return;
    }
  }
}

type SurePhase = Exclude<PhaseObservation["phase"], "measured">;

export interface K6Times {
  /** What to add to a time of the process, by its name. */
  offsetMs: ReadonlyMap<string, number>;
  /** Without `measured` if the plan has no warm-up. */
  phases: Readonly<Partial<Record<PhaseObservation["phase"], number>> & Record<SurePhase, number>>;
  /** When each session was due to arrive, in order of arrival. */
  arriveMs: readonly number[];
  clockErrorMs: number | null;
  lagMs: EngineObservation["lagMs"];
}

/**
 * @param fallbackMs offset of a process without a single clock reading: its run is `unknown`, but
 *   its
 *   records must lie somewhere
 * @returns undefined as long as no session of the plan has arrived
 */
export function k6Times(
  state: K6RunState,
  plan: PlannedLoad,
  fallbackMs: number,
): K6Times | undefined {
  const processes = [...state.processes.values()];
  const offsetMs = new Map(
    processes.map(
      (one) =>
        [one.process, one.clock.bounds?.offsetMs ?? one.clock.roughMs ?? fallbackMs] as const,
    ),
  );
  const schedule = scheduleSessions(plan);
  const { loadedMs, measuredMs, drainMs } = plannedTimes(schedule, plan);
  const offsets = new Map(schedule.map(({ session, arriveOffsetMs }) => [session, arriveOffsetMs]));
  const due = new Map<string, number>();
  const starts: number[] = [];
  const arrivals: number[] = [];
  const ends: number[] = [];
  const lateness = createLagHistogram();
  const measured = createLagHistogram();
  for (const { process, arrived, ended, lastMs } of processes) {
    const toLabMs = offsetMs.get(process) ?? 0;
    for (const [session, { dueMs, atMs }] of arrived) {
      due.set(session, dueMs + toLabMs);
      starts.push(dueMs + toLabMs - (offsets.get(session) ?? 0));
      if ((offsets.get(session) ?? 0) <= loadedMs) arrivals.push(atMs + toLabMs);
      recordLag(lateness, atMs - dueMs);
      if ((offsets.get(session) ?? 0) >= (measuredMs ?? 0)) recordLag(measured, atMs - dueMs);
    }
    for (const atMs of ended.values()) ends.push(atMs + toLabMs);
    if (ended.size < arrived.size) ends.push(lastMs + toLabMs);
  }
  if (starts.length === 0) return undefined;
  const startMs = least(starts);
  // Processes of one plan begin one after the other: the load is over when that of the last one is.
  const plannedEndMs = most(starts) + drainMs;
  return {
    offsetMs,
    phases: {
      "load-started": inMicroseconds(startMs),
      loaded: inMicroseconds(most(arrivals)),
      ...(measuredMs === undefined ? {} : { measured: inMicroseconds(most(starts) + measuredMs) }),
      "drain-started": inMicroseconds(plannedEndMs),
      "drain-ended": inMicroseconds(Math.max(plannedEndMs, most(ends))),
    },
    arriveMs: schedule.map(({ session, arriveOffsetMs }) =>
      inMicroseconds(due.get(session) ?? startMs + arriveOffsetMs),
    ),
    clockErrorMs: processes.some(({ clock }) => clock.bounds === null)
      ? null
      : most(processes.map(({ clock }) => clock.bounds?.errorMs ?? 0)),
    // With few sessions, none may arrive after the warm-up.
    lagMs: summarizeLag(measured.totalCount > 0 ? measured : lateness),
  };
}

const least = (values: readonly number[]): number =>
  values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values: readonly number[]): number =>
  values.reduce((a, b) => Math.max(a, b), -Infinity);

/**
 * What is missing from the scripts' records, one sentence each, first what may explain the others.
 * Empty when every session reached its end.
 * @param sessions of the whole plan
 */
export function missingRecords(
  { arrived, ended, twice }: K6RunState,
  sessions: number,
  { torn, example }: Pick<K6LogReader, "torn" | "example">,
): string[] {
  return [
    ...(torn > 0
      ? [
          `${torn} of the lines that the scripts wrote could not be read ` +
            `(${example ?? ""}): what they said is not known.`,
        ]
      : []),
    ...(ended < sessions
      ? [
          `k6 brought only ${ended} of ${sessions} sessions to their end (${arrived} ` +
            "arrived): what the others saw is not known.",
        ]
      : []),
    ...(twice.size > 0 ? [`k6 let ${[...twice].slice(0, 3).join(", ")} arrive twice.`] : []),
  ];
}
