/** A deploy on this host: stops every instance and starts the same program again. */
import { nowMs } from "../../../../common/clock.ts";
import { notReplaced } from "../../bounce-errors.ts";
import type { Deploy } from "../../platform.ts";

export interface DeployedInstances {
  instances: readonly string[];
  /** Resolves once it is gone, with whether it ran. */
  stop: (instance: string, graceMs: number) => Promise<boolean>;
  /** Resolves when the router sends it traffic. */
  start: (instance: string) => Promise<void>;
  /** Once aborted, no further stop or start begins. */
  signal: AbortSignal;
}

/**
 * @throws the error of a stop or a start; the instances after it stay as they are. An instance that
 * was down is started too, but its replacement is not reported as ended and the deploy throws.
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
