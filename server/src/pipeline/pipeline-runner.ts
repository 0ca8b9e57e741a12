import type { Logger } from "pino";
import type { PipelinePlan, PipelineStarted } from "../contract/events.ts";
import type { Ledger } from "../lib/ledger/ledger.ts";
import type { Metrics } from "../lib/metrics.ts";
import type { SSEBroadcaster } from "../lib/sse-broadcaster.ts";
import { PipelineRun, type GateOutcome, type ResumePoint } from "./pipeline-run.ts";

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
  /** Present if pipelines outlive this instance. */
  ownership?: PipelineOwnership;
}

/** Who runs which pipeline, among all instances. */
export interface PipelineOwnership {
  /**
   * Claims a new run, unless the session has one that runs, or had this one.
   * @throws if the store is away
   */
  create(sessionId: string, epoch: string, plan: PipelinePlan): Promise<CreateOutcome>;
  /** Gives the runs to other instances, after their last events are stored. Never rejects. */
  release(runs: readonly { sessionId: string; fence: string }[]): Promise<void>;
  /**
   * True if the gate has an answer already: one that came before this instance listened.
   * Never rejects.
   */
  isAnswered(sessionId: string, gate: string): Promise<boolean>;
  /** The run has ended. */
  ended(sessionId: string): void;
}

/** `taken: false`: this instance owns the run, with that fencing token. */
export type CreateOutcome =
  { taken: false; fence: string } | { taken: true; running: boolean; by: PipelineStarted };

/** `taken`: the run `by` is still running, or ended here with the requested epoch. */
export type StartOutcome =
  | { taken: false; started: PipelineStarted }
  | { taken: true; running: boolean; by: PipelineStarted };

/** A run that this instance has taken over. */
export interface AdoptedRun {
  sessionId: string;
  epoch: string;
  plan: PipelinePlan;
  fence: string;
}

/** Number of remembered ended runs, so that a repeated start does not publish a run's ids again. */
const REMEMBERED_RUNS = 10_000;

/** Simulates the pipelines of this instance, at most one at a time for each session. */
export class PipelineRunner {
  readonly #options: PipelineRunnerOptions;
  readonly #runs = new Map<string, PipelineRun>();
  readonly #fences = new Map<string, string>();
  /** The last ended run by session, oldest first. */
  readonly #ended = new Map<string, PipelineStarted>();
  #whenIdle: (() => void)[] = [];

  constructor(options: PipelineRunnerOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#runs.size;
  }

  /** @throws if the store of a durable pipeline is away */
  async start(sessionId: string, epoch: string, plan: PipelinePlan): Promise<StartOutcome> {
    const running = this.#runs.get(sessionId);
    if (running !== undefined) return { taken: true, running: true, by: running.started };
    const ended = this.#ended.get(sessionId);
    if (ended?.epoch === epoch) return { taken: true, running: false, by: ended };

    const created = await this.#options.ownership?.create(sessionId, epoch, plan);
    if (created?.taken) return created;
    return { taken: false, started: this.#begin(sessionId, epoch, plan, created?.fence ?? "") };
  }

  /** Continues a run that another instance has begun. */
  adopt(run: ResumePoint & AdoptedRun): void {
    const { sessionId, epoch, plan, fence } = run;
    // It ran here until its lease was over.
    this.fenced(sessionId);
    this.#begin(sessionId, epoch, plan, fence, run);
  }

  /** The fencing token of the session's run here; "" without one. */
  fenceOf(sessionId: string): string {
    return this.#fences.get(sessionId) ?? "";
  }

  /** The session's run here, as another instance would have to know it. */
  runOf(sessionId: string): AdoptedRun | undefined {
    const run = this.#runs.get(sessionId);
    if (run === undefined) return undefined;
    const { started, plan } = run;
    return { sessionId, epoch: started.epoch, plan, fence: this.fenceOf(sessionId) };
  }

  /** Stops the session's run here, because another instance has taken it over. */
  fenced(sessionId: string): void {
    this.#runs.get(sessionId)?.handOver("fenced");
  }

  /** Gives all runs to other instances, if pipelines outlive this one. */
  async handOver(): Promise<void> {
    const { ownership } = this.#options;
    if (ownership === undefined) return;
    const runs = [...this.#runs.keys()].map((sessionId) => ({
      sessionId,
      fence: this.fenceOf(sessionId),
    }));
    for (const run of [...this.#runs.values()]) run.handOver("draining");
    await ownership.release(runs);
  }

  /** Takes the answers that came while this instance did not listen. */
  takeStoredAnswers(): void {
    for (const [sessionId, { waitingAt }] of this.#runs)
      if (waitingAt !== undefined) void this.#takeStoredAnswer(sessionId, waitingAt);
  }

  async #takeStoredAnswer(sessionId: string, gate: string): Promise<void> {
    if (await this.#options.ownership?.isAnswered(sessionId, gate))
      this.answerGate(sessionId, gate);
  }

  #begin(
    sessionId: string,
    epoch: string,
    plan: PipelinePlan,
    fence: string,
    resume?: ResumePoint,
  ): PipelineStarted {
    const gates = plan.gates > 0 ? this.#options.openGates(sessionId) : undefined;
    const run = new PipelineRun({
      ...this.#options,
      sessionId,
      epoch,
      plan,
      ...(resume && { resume }),
      onWaiting: (gate) => void this.#takeStoredAnswer(sessionId, gate),
      onEnd: (isOver) => {
        gates?.close();
        this.#forget(sessionId, run.started, isOver);
      },
    });
    this.#runs.set(sessionId, run);
    this.#fences.set(sessionId, fence);
    this.#options.metrics.pipelinesRunning.set(this.#runs.size);
    run.begin(gates?.ready);
    return run.started;
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

  #forget(sessionId: string, started: PipelineStarted, isOver: boolean): void {
    this.#runs.delete(sessionId);
    this.#fences.delete(sessionId);
    this.#options.metrics.pipelinesRunning.set(this.#runs.size);
    if (isOver) this.#remember(sessionId, started);
    if (this.#runs.size > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #remember(sessionId: string, started: PipelineStarted): void {
    this.#options.ownership?.ended(sessionId);
    this.#ended.delete(sessionId);
    this.#ended.set(sessionId, started);
    if (this.#ended.size > REMEMBERED_RUNS)
      for (const oldest of this.#ended.keys()) {
        this.#ended.delete(oldest);
        break;
      }
  }
}
