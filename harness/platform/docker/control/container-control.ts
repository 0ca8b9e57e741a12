/** Kills, freezes and starts one container by the engine. Pulumi does not notice. */
import type Dockerode from "dockerode";
import { nothingToKill } from "../../bounce-errors.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import { UserError } from "../../../../common/user-error.ts";

export interface ControlledContainer {
  docker: Dockerode;
  /** As the history names it. */
  component: string;
  /** Name of the container. */
  container: string;
  /** How the user recreates it. */
  remedy: string;
  signal: AbortSignal;
}

export interface ContainerControl {
  isRunning(): Promise<boolean>;
  /** It is there, but does not run. */
  isStopped(): Promise<boolean>;
  /** SIGKILL, just after `onKill`. Resolves once it is gone. Rejects if it is not running. */
  kill(onKill?: () => void): Promise<void>;
  /** SIGTERM, then SIGKILL after the grace, in whole seconds. Rejects if it is not running. */
  stop(graceMs: number): Promise<void>;
  /** Freezes all its processes (cgroup freezer). Rejects if it is not running. */
  pause(): Promise<void>;
  /** Does nothing if it is not frozen. */
  resume(): Promise<void>;
  /** Starts the same container. @throws UserError if the container is gone */
  start(): Promise<void>;
}

const KILL_TIMEOUT_MS = 10_000;
const statusOf = (error: unknown): number | undefined =>
  (error as { statusCode?: number }).statusCode;

/** Its address in the stack's network, which this host reaches. @throws if it does not run */
export const addressOf = async (docker: Dockerode, container: string): Promise<string> => {
  const { NetworkSettings } = await docker.getContainer(container).inspect();
  const found = Object.values(NetworkSettings.Networks).find(({ IPAddress }) => IPAddress !== "");
  if (found === undefined) throw new Error(`${container} has no address`);
  return found.IPAddress;
};

/** False, too, if there is no such container. */
export const isRunning = async (docker: Dockerode, container: string): Promise<boolean> => {
  try {
    return (await docker.getContainer(container).inspect()).State.Running;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
};

export const controlContainer = (given: ControlledContainer): ContainerControl => {
  const { docker, component, container, remedy, signal } = given;
  const runs = (): Promise<boolean> => isRunning(docker, container);
  const stop = async (graceMs: number): Promise<void> => {
    if (!(await runs())) throw new Error(nothingToKill(component));
    await docker.getContainer(container).stop({ t: Math.ceil(graceMs / 1000) });
  };
  return {
    isRunning: runs,
    isStopped: async () => {
      const found = await docker.listContainers({
        all: true,
        filters: { name: [`^/${container}$`] },
      });
      return found.some(({ State }) => State === "exited");
    },
    stop,
    kill: async (onKill) => {
      if (!(await runs())) throw new Error(nothingToKill(component));
      onKill?.();
      await docker.getContainer(container).kill({ signal: "SIGKILL" });
      await waitFor({
        name: `${component} to be gone after SIGKILL`,
        timeoutMs: KILL_TIMEOUT_MS,
        intervalMs: 20,
        condition: async () => !(await runs()) || "it still runs",
        signal,
      });
    },
    pause: async () => {
      if (!(await runs())) throw new Error(nothingToKill(component));
      await docker.getContainer(container).pause();
    },
    resume: async () => {
      const { State } = await docker.getContainer(container).inspect();
      if (State.Paused) await docker.getContainer(container).unpause();
    },
    start: async () => {
      try {
        await docker.getContainer(container).start();
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        throw new UserError(`the container of ${component} is gone`, remedy, { cause: error });
      }
    },
  };
};
