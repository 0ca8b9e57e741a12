/** A deploy on this host: every instance is stopped and started again, in the order that the strategy says. */
import { nowMs } from "../../clock.ts";
import type { Deploy } from "../platform.ts";

export interface DeployedInstances {
  instances: readonly string[];
  stop: (instance: string, graceMs: number) => Promise<void>;
  /** Resolves when it is ready and has traffic. */
  start: (instance: string) => Promise<void>;
  /** Nothing more is begun once it is aborted. */
  signal: AbortSignal;
}

/** @throws what a stop or a start threw; the instances after it are left as they are */
export const deployInstances = async (
  { instances, stop, start, signal }: DeployedInstances,
  { strategy, graceMs, onReplace }: Deploy,
): Promise<void> => {
  const end = async (instance: string): Promise<void> => {
    signal.throwIfAborted();
    onReplace?.(instance, "started", nowMs());
    await stop(instance, graceMs);
  };
  const begin = async (instance: string): Promise<void> => {
    signal.throwIfAborted();
    await start(instance);
    onReplace?.(instance, "ended", nowMs());
  };
  if (strategy === "recreate") {
    await Promise.all(instances.map(end));
    await Promise.all(instances.map(begin));
    return;
  }
  for (const instance of instances) {
    await end(instance);
    await begin(instance);
  }
};
