import { ALL_INSTANCES } from "../../records/bounces.ts";
import type { EpochRecord } from "../../records/epoch-record.ts";
import type { RunContext } from "../../records/run-context.ts";
import type { DeployFigures } from "../../run-figures.ts";

/**
 * Counts the pipelines whose plan outlasts the instance that runs them when the deploy reaches it.
 * Only these tell what happens to a pipeline that is longer than the measured ones: the others end
 * by themselves within the drain's grace.
 */
export class Outlasting {
  readonly #context: RunContext;
  readonly #rate: number;
  #pipelines = 0;
  #killed = 0;
  #graceMs = 0;

  /** @param rate events per second */
  constructor(context: RunContext, rate: number) {
    this.#context = context;
    this.#rate = rate;
  }

  add({ pipelines }: EpochRecord, begunMs: number, isDead: boolean): void {
    const { facts, bounces, deployStartMs } = this.#context;
    const fromMs = Math.max(begunMs, deployStartMs ?? begunMs);
    const owner = pipelines
      .filter(({ state, atMs }) => state === "started" || (state === "resumed" && atMs <= fromMs))
      .at(-1);
    if (owner === undefined || this.#rate <= 0) return;
    const { instance, total } = owner;
    const endedMs = facts.firstEndWithin(instance, fromMs, Infinity);
    const bounce = bounces.find(
      ({ target, startedMs, endedMs: overMs }) =>
        (target === instance || target === ALL_INSTANCES) &&
        endedMs !== undefined &&
        startedMs <= endedMs &&
        endedMs <= (overMs ?? Infinity),
    );
    if (bounce === undefined || endedMs === undefined) return;
    if (begunMs + (total * 1000) / this.#rate <= endedMs) return;
    this.#pipelines += 1;
    this.#killed += isDead ? 1 : 0;
    this.#graceMs += endedMs - bounce.startedMs;
  }

  figures(): DeployFigures["outlasting"] {
    const graceS = this.#pipelines === 0 ? 0 : this.#graceMs / this.#pipelines / 1000;
    return {
      pipelines: this.#pipelines,
      killed: this.#killed,
      graceS: Math.round(graceS * 1000) / 1000,
    };
  }
}
