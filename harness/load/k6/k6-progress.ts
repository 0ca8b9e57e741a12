import { nowMs } from "../../../common/clock.ts";
import type { PhaseObservation } from "../../history/observation.ts";
import type { PlannedLoad } from "../portable/load-plan.ts";
import { plannedEvents, ProgressMeter } from "../portable/load-progress.ts";
import { plannedTimes, scheduleSessions, type PlannedTimes } from "../portable/load-schedule.ts";
import type { RunLoadOptions } from "../native/run-load.ts";
import { planDifference } from "./records/compare-plans.ts";
import { UserError } from "../../../common/user-error.ts";
import { k6Times, K6RunState, missingRecords, type K6Times } from "./k6-run-state.ts";
import { K6UsageMeter } from "./process/k6-usage.ts";
import type { K6LogLine } from "../portable/k6-log-records.ts";
import { K6LogReader } from "./records/read-k6-log-records.ts";
import { FileTail } from "./process/tail-lines.ts";

/** Every bound of a run by k6, in one place. Milliseconds. */
export interface K6Limits {
  /** Distance between two looks at what k6 wrote. */
  lookMs: number;
  /** Distance between two progress reports and two readings of what k6 uses. */
  progressMs: number;
  /**
   * Latest time from the start of k6 to the first arrival: k6 creates its VUs first, and may fetch
   * an extension.
   */
  startMs: number;
  /** A session that is this late after the last planned arrival holds nothing up any longer. */
  lateArrivalMs: number;
  /** From the end of the drain to the end of k6: it writes its summary. */
  exitMs: number;
}

export const K6_LIMITS: Readonly<K6Limits> = {
  lookMs: 100,
  progressMs: 1_000,
  startMs: 120_000,
  lateArrivalMs: 5_000,
  exitMs: 15_000,
};

/** Records come up to a second late, and an event a second after its time is late on any path. */
const OVERDUE_AFTER_MS = 2_000;

/**
 * Follows what k6 writes while it runs: reports phases and progress as the native engine does, and
 * knows when k6 is overdue.
 */
export class K6Progress {
  readonly state = new K6RunState();
  readonly usage: K6UsageMeter;
  readonly #plan: PlannedLoad;
  readonly #limits: K6Limits;
  readonly #listener: Pick<RunLoadOptions, "onPhase" | "onProgress">;
  readonly #reader = new K6LogReader();
  readonly #tail: FileTail;
  readonly #schedule: ReturnType<typeof scheduleSessions>;
  readonly #planned: PlannedTimes;
  readonly #sessions: ReadonlySet<string>;
  readonly #spawnedMs = nowMs();
  readonly #reportedPhases = new Set<PhaseObservation["phase"]>();
  /**
   * The least that a record was old when it was read: stands in for an offset that no clock reading
   * tells.
   */
  #readOffsetMs = Infinity;
  /** When the scenario began, on this host's clock, as far as it is known by now. */
  #startMs: number | undefined;
  readonly #meter: ProgressMeter;

  /** @param group of k6's processes */
  constructor(
    plan: PlannedLoad,
    consoleFile: string,
    group: number,
    limits: K6Limits,
    listener: Pick<RunLoadOptions, "onPhase" | "onProgress">,
  ) {
    this.#plan = plan;
    this.#limits = limits;
    this.#listener = listener;
    this.#tail = new FileTail(consoleFile);
    this.usage = new K6UsageMeter(group);
    this.#schedule = scheduleSessions(plan);
    this.#planned = plannedTimes(this.#schedule, plan);
    this.#sessions = new Set(this.#schedule.map(({ session }) => session));
    this.#meter = new ProgressMeter(plan, this.#spawnedMs);
  }

  /** Lines of the scripts that could not be read, and what was wrong with the first. */
  get torn(): number {
    return this.#reader.torn;
  }
  get example(): string | undefined {
    return this.#reader.example;
  }

  /**
   * Reads what is new, and reports what follows from it.
   * @throws UserError when the script does not do what it was asked to
   */
  async look(): Promise<void> {
    for await (const text of this.#tail.read()) this.#absorb(this.#reader.push(text));
    const atMs = nowMs();
    if (this.#startMs === undefined || !this.#clockIsSet())
      this.#startMs = this.times()?.phases["load-started"];
    if (this.#hasBegun()) this.#report("load-started", this.#startMs ?? atMs);
    const { loadedMs, measuredMs = Infinity } = this.#planned;
    const isLate = atMs > this.#afterStart(loadedMs + this.#limits.lateArrivalMs);
    const first = this.#schedule.filter((one) => one.arriveOffsetMs <= loadedMs).length;
    if (this.state.arrived >= first || isLate) this.#report("loaded", atMs);
    if (atMs >= this.#afterStart(measuredMs)) {
      this.#report("loaded", atMs);
      this.#report("measured", atMs);
    }
    if (this.isPlanOver()) {
      this.#report("loaded", atMs);
      this.#report("drain-started", atMs);
    }
    if (atMs - this.#meter.lastMs >= this.#limits.progressMs) this.#reportProgress(atMs);
  }

  /** The last look: k6 is gone, and the drain is over. */
  async finish(): Promise<void> {
    for await (const text of this.#tail.read()) this.#absorb(this.#reader.push(text));
    this.#absorb(this.#reader.end());
    if (this.#reportedPhases.has("drain-started")) this.#report("drain-ended", nowMs());
  }

  close(): Promise<void> {
    return this.#tail.close();
  }

  /** Every pipeline should have ended by now. */
  isPlanOver(): boolean {
    return nowMs() >= this.#plannedEndMs();
  }

  /** No session has arrived, and by now one should have. */
  isSilent(): boolean {
    return this.state.arrived === 0 && nowMs() - this.#spawnedMs > this.#limits.startMs;
  }

  /** k6 should be gone by now. */
  isOverdue(): boolean {
    return nowMs() > this.#plannedEndMs() + this.#plan.drainS * 1000 + this.#limits.exitMs;
  }

  /** Undefined as long as no session has arrived. */
  times(): K6Times | undefined {
    if (this.state.arrived === 0) return undefined;
    return k6Times(this.state, this.#plan, this.#readOffsetMs);
  }

  /** What the records lack, one sentence each; none when every session was followed to its end. */
  missing(): string[] {
    return missingRecords(this.state, this.#schedule.length, this.#reader);
  }

  /** The script has said what it is about to do. */
  #hasBegun(): boolean {
    return this.state.arrived > 0 || this.state.plans().length > 0;
  }

  #clockIsSet(): boolean {
    return [...this.state.processes.values()].every(({ clock }) => clock.bounds !== null);
  }

  #absorb(lines: readonly K6LogLine[]): void {
    for (const line of lines) {
      this.state.absorb(line);
      const process = this.state.processes.get(line.process);
      if (process) this.#readOffsetMs = Math.min(this.#readOffsetMs, nowMs() - process.lastMs);
      for (const record of line.records) {
        if (record.type === "k6-plan") this.#checkPlan(record.plan);
        if ("session" in record && !this.#sessions.has(record.session))
          throw new UserError(`k6 wrote of session ${record.session}, which is not in the plan`);
      }
    }
  }

  #checkPlan(plan: PlannedLoad): void {
    const difference = planDifference(plan, this.#plan);
    if (difference !== undefined)
      throw new UserError(`the k6 script made another plan of what it was told: ${difference}`);
  }

  #report(phase: PhaseObservation["phase"], atMs: number): void {
    if (this.#reportedPhases.has(phase)) return;
    this.#reportedPhases.add(phase);
    this.#listener.onPhase?.(phase, atMs);
  }

  #afterStart(ms: number): number {
    return this.#startMs === undefined ? Infinity : this.#startMs + ms;
  }

  #plannedEndMs(): number {
    return this.#afterStart(this.#planned.drainMs);
  }

  #reportProgress(atMs: number): void {
    const { up, received, reconnects } = this.state;
    this.usage.read(
      atMs,
      this.#reportedPhases.has("load-started") && !this.#reportedPhases.has("drain-started"),
    );
    const totals = { up, received, reconnects, overdue: this.#overdueEvents(atMs) };
    this.#listener.onProgress?.(this.#meter.next(totals, atMs, this.#endMs(atMs)));
  }

  #overdueEvents(atMs: number): number {
    const offsetMs = atMs - OVERDUE_AFTER_MS - this.#afterStart(0);
    return this.#schedule.reduce((sum, session) => {
      const planned = plannedEvents(this.#plan, session, offsetMs);
      return sum + Math.max(0, planned - (this.state.receivedBy.get(session.session) ?? 0));
    }, 0);
  }

  /** When the drain ends at the latest, as far as that is known by now. */
  #endMs(atMs: number): number {
    const { deadlineMs } = this.#planned;
    return this.#startMs === undefined ? atMs + deadlineMs : this.#afterStart(deadlineMs);
  }
}
