/** Kills and starts one container of a stack by the engine; Pulumi sees nothing of it, and nothing to do. */
import type Dockerode from "dockerode";
import { nothingToKill } from "../../bounce-errors.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import { UserError } from "../../../../common/user-error.ts";

export interface ControlledContainer {
  docker: Dockerode;
  /** As the history names it. */
  part: string;
  /** Name of the container. */
  container: string;
  /** What makes it again when it is gone. */
  remedy: string;
  signal: AbortSignal;
}

export interface ContainerControl {
  isRunning(): Promise<boolean>;
  /** SIGKILL. Resolves when it is gone. Rejects when it did not run. @param onKill called right before */
  kill(onKill?: () => void): Promise<void>;
  /** The same container. Resolves when its process is there. @throws UserError when the container is gone */
  start(): Promise<void>;
}

const KILL_TIMEOUT_MS = 10_000;
const statusOf = (error: unknown): number | undefined => (error as { statusCode?: number }).statusCode;

export const controlContainer = (given: ControlledContainer): ContainerControl => {
  const { docker, part, container, remedy, signal } = given;
  const isRunning = async (): Promise<boolean> => {
    try {
      return (await docker.getContainer(container).inspect()).State.Running;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw error;
    }
  };
  return {
    isRunning,
    kill: async (onKill) => {
      if (!(await isRunning())) throw new Error(nothingToKill(part));
      onKill?.();
      await docker.getContainer(container).kill({ signal: "SIGKILL" });
      await waitFor({
        name: `${part} to be gone after SIGKILL`,
        timeoutMs: KILL_TIMEOUT_MS,
        intervalMs: 20,
        condition: async () => !(await isRunning()) || "it still runs",
        signal,
      });
    },
    start: async () => {
      try {
        await docker.getContainer(container).start();
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        throw new UserError(`the container of ${part} is gone`, remedy, { cause: error });
      }
    },
  };
};
