import { ClockOffset } from "../portable/clock-offset.ts";
import type { LabLine, LabRecord, PlanRecord } from "../portable/k6-log-records.ts";

/** What is known of one k6 process. Times are on its own clock, milliseconds. */
export interface ProcessAccount {
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
export class K6Account {
  readonly processes = new Map<string, ProcessAccount>();
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

  absorb(line: LabLine): void {
    const account = this.#processOf(line.process);
    for (const record of line.records) this.#absorb(record, account);
  }

  /** Every process's plan, in the order in which they were met. */
  plans(): PlanRecord[] {
    return [...this.processes.values()].flatMap(({ plan }) => plan ?? []);
  }

  #processOf(process: string): ProcessAccount {
    let account = this.processes.get(process);
    if (account === undefined) {
      account = {
        process,
        plan: undefined,
        clock: new ClockOffset(),
        arrived: new Map(),
        ended: new Map(),
        instances: new Set(),
        lastMs: -Infinity,
      };
      this.processes.set(process, account);
    }
    return account;
  }

  #absorb(record: LabRecord, account: ProcessAccount): void {
    account.lastMs = Math.max(account.lastMs, record.type === "k6-clock" ? record.answeredMs : record.atMs);
    if ("instance" in record) account.instances.add(record.instance);
    switch (record.type) {
      case "k6-plan":
        account.plan ??= record;
        return;
      case "k6-clock":
        account.clock.add(record);
        return;
      case "k6-arrived":
        if ([...this.processes.values()].some(({ arrived }) => arrived.has(record.session)))
          this.twice.add(record.session);
        else this.arrived += 1;
        account.arrived.set(record.session, record);
        return;
      case "k6-ended":
        if (!account.ended.has(record.session)) this.ended += 1;
        account.ended.set(record.session, record.atMs);
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
