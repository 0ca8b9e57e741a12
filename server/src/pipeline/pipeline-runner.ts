import type { Logger } from "pino";
import type { PipelinePlan, PipelineStarted } from "../contract/events.ts";
import type { Ledger } from "../lib/ledger/ledger.ts";
import type { Metrics } from "../lib/metrics.ts";
import type { SSEBroadcaster } from "../lib/sse-broadcaster.ts";
import { PipelineRun, type GateOutcome } from "./pipeline-run.ts";

export interface PipelineRunnerOptions {
  instance: string;
  broadcaster: SSEBroadcaster;
  ledger: Ledger;
  metrics: Metrics;
  logger: Logger;
  gateTimeoutMs: number;
  /**
   * Lets other instances reach this session's gates. A plan with gates starts after `ready`;
   * `close` ends it.
   */
  openGates: (sessionId: string) => { ready: Promise<void>; close: () => void };
}

/** `taken`: the run `by` is still running, or ended here with the requested epoch. */
export type StartOutcome =
  | { taken: false; started: PipelineStarted }
  | { taken: true; running: boolean; by: PipelineStarted };

/** Number of remembered ended runs, so that a repeated start does not publish a run's ids again. */
const REMEMBERED_RUNS = 10_000;

/** Simulates the pipelines of this instance, at most one at a time for each session. */
export class PipelineRunner {
  readonly #options: PipelineRunnerOptions;
  readonly #runs = new Map<string, PipelineRun>();
  /** The last ended run by session, oldest first. */
  readonly #ended = new Map<string, PipelineStarted>();
  #whenIdle: (() => void)[] = [];

  constructor(options: PipelineRunnerOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#runs.size;
  }

  start(sessionId: string, epoch: string, plan: PipelinePlan): StartOutcome {
    const running = this.#runs.get(sessionId);
    if (running !== undefined) return { taken: true, running: true, by: running.started };
    const ended = this.#ended.get(sessionId);
    if (ended?.epoch === epoch) return { taken: true, running: false, by: ended };

    const gates = plan.gates > 0 ? this.#options.openGates(sessionId) : undefined;
    const run = new PipelineRun({
      ...this.#options,
      sessionId,
      epoch,
      plan,
      onEnd: () => {
        gates?.close();
        this.#forget(sessionId, run.started);
      },
    });
    this.#runs.set(sessionId, run);
    this.#options.metrics.pipelinesRunning.set(this.#runs.size);
    run.begin(gates?.ready);
    return { taken: false, started: run.started };
  }

  /** Returns undefined if the session runs no pipeline here. */
  answerGate(sessionId: string, gate: string): GateOutcome | undefined {
    return this.#runs.get(sessionId)?.answer(gate);
  }

  /** Resolves when no pipeline runs here, or after `timeoutMs`. */
  async idle(timeoutMs: number): Promise<void> {
    if (this.#runs.size === 0 || timeoutMs === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#whenIdle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Ends every pipeline here without another event. */
  abortAll(reason: string): void {
    for (const run of [...this.#runs.values()]) run.abort(reason);
  }

  #forget(sessionId: string, started: PipelineStarted): void {
    this.#runs.delete(sessionId);
    this.#options.metrics.pipelinesRunning.set(this.#runs.size);
    this.#ended.delete(sessionId);
    this.#ended.set(sessionId, started);
    if (this.#ended.size > REMEMBERED_RUNS)
      for (const oldest of this.#ended.keys()) {
        this.#ended.delete(oldest);
        break;
      }
    if (this.#runs.size > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
