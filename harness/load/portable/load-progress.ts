import type { PlannedLoad, LoadProgress } from "./load-plan.ts";
import type { SessionSchedule } from "./load-schedule.ts";

/** Events of a session that the plan has by `offsetMs` after the load's start. */
export const plannedEvents = (
  { eventsPerSecond }: PlannedLoad,
  { arriveOffsetMs, events }: SessionSchedule,
  offsetMs: number,
): number => {
  const elapsedS = Math.max(0, offsetMs - arriveOffsetMs) / 1000;
  return Math.min(events, Math.floor(elapsedS * eventsPerSecond));
};

/** Figures so far; all but `up` and `overdue` only grow. */
export interface LoadTotals {
  up: number;
  received: number;
  reconnects: number;
  overdue: number;
}

/** Turns an engine's totals into live figures. Times are milliseconds on one clock. */
export class ProgressMeter {
  readonly #sessions: number;
  #lastReceived = 0;
  #lastMs: number;

  constructor({ sessions }: PlannedLoad, startMs: number) {
    this.#sessions = sessions;
    this.#lastMs = startMs;
  }

  /** When {@link next} was called last. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /**
   * @param endMs when the drain ends at the latest
   * @returns figures with the rate since the last call
   */
  next(
    { up, received, reconnects, overdue }: LoadTotals,
    atMs: number,
    endMs: number,
  ): LoadProgress {
    const elapsedS = Math.max(atMs - this.#lastMs, 1) / 1000;
    const eventsPerSecond = Math.round((received - this.#lastReceived) / elapsedS);
    this.#lastReceived = received;
    this.#lastMs = atMs;
    return {
      sessionsUp: up,
      sessions: this.#sessions,
      received,
      eventsPerSecond,
      overdue,
      reconnects,
      secondsLeft: Math.max(0, Math.round((endMs - atMs) / 1000)),
    };
  }
}
