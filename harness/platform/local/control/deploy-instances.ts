/** A deploy on this host: every instance is stopped, and the same program started again, in the order that the strategy says. */
import { nowMs } from "../../../../common/clock.ts";
import { notReplaced } from "../../bounce-errors.ts";
import type { Deploy } from "../../platform.ts";

export interface DeployedInstances {
  instances: readonly string[];
  /** Resolves when it is gone, with whether it ran. */
  stop: (instance: string, graceMs: number) => Promise<boolean>;
  /** Resolves when it is ready and has traffic. */
  start: (instance: string) => Promise<void>;
  /** Nothing more is begun once it is aborted. */
  signal: AbortSignal;
}

/**
 * @throws what a stop or a start threw: the instances after it are left as they are. One that was not running is brought back like
 * the others; that it was not disturbed is thrown at the end, and its replacement is not told as ended.
 */
export const deployInstances = async (
  { instances, stop, start, signal }: DeployedInstances,
  { strategy, graceMs, onReplace }: Deploy,
): Promise<void> => {
  const wereGone: string[] = [];
  const end = async (instance: string): Promise<void> => {
    signal.throwIfAborted();
    onReplace?.(instance, "started", nowMs());
    if (!(await stop(instance, graceMs))) wereGone.push(instance);
  };
  const begin = async (instance: string): Promise<void> => {
    signal.throwIfAborted();
    await start(instance);
    if (!wereGone.includes(instance)) onReplace?.(instance, "ended", nowMs());
  };
  if (strategy === "recreate") {
    await Promise.all(instances.map(end));
    await Promise.all(instances.map(begin));
  } else {
    for (const instance of instances) {
      await end(instance);
      await begin(instance);
    }
  }
  if (wereGone.length > 0) throw new Error(notReplaced(wereGone));
};
