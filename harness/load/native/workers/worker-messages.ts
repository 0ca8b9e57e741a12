import type { EngineLimits } from "../../portable/engine-limits.ts";
import type { LoadTotals } from "../../portable/load-progress.ts";
import type { LoadPlan } from "../../portable/load-plan.ts";
import type { Shard } from "../shard.ts";

/** What a worker is started with. */
export interface WorkerJob {
  plan: LoadPlan;
  limits: EngineLimits;
  /** This worker's sessions. */
  shard: Shard;
  segmentPath: string;
}

/**
 * `start`: offsets of the schedule count from `startMs`. `measured`: what is reported of the engine
 * counts from here on. `drain`: no new attempts to start. `stop`: leave and report.
 */
export type ToWorker =
  { type: "start"; startMs: number } | { type: "measured" } | { type: "drain" } | { type: "stop" };

export type WorkerProgress = LoadTotals;

/** A worker's figures at its end. Histograms of microseconds, as compressed base 64. */
export interface WorkerReport {
  loopLag: string;
  arrivalLateness: string;
  /** Event-loop utilisation until the drain. */
  utilisation: number;
  cpuSeconds: number;
  /** Events received in all. */
  received: number;
}

export type FromWorker =
  | { type: "ready" }
  | { type: "arrived" }
  | { type: "settled" }
  | ({ type: "progress" } & WorkerProgress)
  | ({ type: "done" } & WorkerReport)
  | { type: "failed"; message: string };
