import { ClockOffset } from "../portable/clock-offset.ts";
import type { K6LogLine, K6LogRecord, PlanRecord } from "../portable/k6-log-records.ts";

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

/** Sums up lab lines as they come: enough to tell how the load goes and to convert its times, and nothing that grows with the events. */
export class K6RunState {
  readonly processes = new Map<string, K6ProcessState>();
  /** Sessions that arrived more than once: two processes had the same part of the plan, or a line is there twice. */
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
    state.lastMs = Math.max(state.lastMs, record.type === "k6-clock" ? record.answeredMs : record.atMs);
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
