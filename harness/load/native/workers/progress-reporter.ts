import { nowMs } from "../../../../common/clock.ts";
import type { LoadPlan, LoadProgress } from "../../portable/load-plan.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** Turns the workers' counters into live figures, and watches the process's memory on the way. */
export class ProgressReporter {
  readonly #plan: LoadPlan;
  readonly #pool: WorkerPool;
  readonly #latestEndMs: number;
  #lastReceived = 0;
  #lastMs = nowMs();
  /** Largest resident set seen, bytes: of the whole process, the caller included. */
  peakRssBytes = process.memoryUsage.rss();

  /** @param latestEndMs when the drain will be over at the latest */
  constructor(plan: LoadPlan, pool: WorkerPool, latestEndMs: number) {
    this.#plan = plan;
    this.#pool = pool;
    this.#latestEndMs = latestEndMs;
  }

  /** Figures since the last call. */
  next(): LoadProgress {
    this.peakRssBytes = Math.max(this.peakRssBytes, process.memoryUsage.rss());
    const { up, received, reconnects, overdue } = this.#pool.progress();
    const atMs = nowMs();
    const elapsedS = Math.max(atMs - this.#lastMs, 1) / 1000;
    const eventsPerSecond = Math.round((received - this.#lastReceived) / elapsedS);
    this.#lastReceived = received;
    this.#lastMs = atMs;
    return {
      sessionsUp: up,
      sessions: this.#plan.sessions,
      received,
      eventsPerSecond,
      overdue,
      reconnects,
      secondsLeft: Math.max(0, Math.round((this.#latestEndMs - atMs) / 1000)),
    };
  }
}
