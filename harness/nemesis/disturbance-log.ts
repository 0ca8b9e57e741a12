import { nowMs } from "../../common/clock.ts";
import type { BounceKind, Recorder, StepObservation } from "../history/observation.ts";

/** Records the disturbances of one bounce, numbered in the order of their starts. */
export class DisturbanceLog {
  readonly #kind: BounceKind;
  readonly #recorder: Recorder;
  readonly #onStep: ((step: string) => void) | undefined;
  /** Number by target. */
  readonly #underWay = new Map<string, number>();
  readonly #run: { begun: number; failed: boolean };

  constructor(
    kind: BounceKind,
    recorder: Recorder,
    onStep: ((step: string) => void) | undefined,
    run = { begun: 0, failed: false },
  ) {
    this.#kind = kind;
    this.#recorder = recorder;
    this.#onStep = onStep;
    this.#run = run;
  }

  /** Records disturbances of another kind in the same run. */
  as(kind: BounceKind): DisturbanceLog {
    return new DisturbanceLog(kind, this.#recorder, this.#onStep, this.#run);
  }

  /** True if a disturbance of the run failed. */
  get hasFailed(): boolean {
    return this.#run.failed;
  }

  /** Targets whose disturbance has not ended. */
  underWay(): string[] {
    return [...this.#underWay.keys()];
  }

  /** Records the start or the end of a migration's step. */
  step(step: Omit<StepObservation, "type" | "atMs">): void {
    if (step.state === "started") this.#onStep?.(`step ${step.step}: ${step.name}`);
    this.#recorder.record({ type: "step", ...step, atMs: nowMs() });
  }

  started(target: string, atMs = nowMs()): void {
    this.#run.begun += 1;
    this.#underWay.set(target, this.#run.begun);
    this.#onStep?.(`${this.#kind} ${target}`);
    this.#record(target, this.#run.begun, "started", atMs);
  }

  ended(target: string, atMs = nowMs()): void {
    this.#end(target, atMs);
  }

  /** Ends a disturbance with an error, and records a start at the same time if there was none. */
  failed(target: string, error: string): void {
    this.#run.failed = true;
    const atMs = nowMs();
    if (!this.#underWay.has(target)) this.started(target, atMs);
    this.#end(target, atMs, error);
  }

  #end(target: string, atMs: number, error?: string): void {
    const number = this.#underWay.get(target);
    // An end without a start would contradict the history.
    if (number === undefined) return;
    this.#underWay.delete(target);
    this.#record(target, number, "ended", atMs, error);
  }

  #record(
    target: string,
    bounce: number,
    state: "started" | "ended",
    atMs: number,
    error?: string,
  ): void {
    this.#recorder.record({
      type: "bounce",
      bounce,
      kind: this.#kind,
      target,
      state,
      ...(error === undefined ? {} : { error }),
      atMs,
    });
  }
}
