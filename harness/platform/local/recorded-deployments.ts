/** The deployments that state files tell of, and what has to become of each. */
import { isFromHere, readStates, type DeploymentState } from "./deployment-state.ts";
import { isRunning } from "../../../common/process-identity.ts";

export interface RecordedDeployments {
  /** A living command has them up: nobody else's business. */
  owned: DeploymentState[];
  /** Left running by `sse-lab up`, and still running. */
  kept: DeploymentState[];
  /** Their command is dead, or everything of them is: to be removed. */
  leftover: DeploymentState[];
  /** Written on another host or in another container: their pids mean nothing here. */
  foreign: DeploymentState[];
  /** Files that are no state this version understands. */
  unreadable: string[];
}

/** Has a living command hold of it? */
export const isHeld = ({ holder }: DeploymentState): boolean => holder !== undefined && isRunning(holder);

export const recordedDeployments = (stateDir: string): RecordedDeployments => {
  const { states, unreadable } = readStates(stateDir);
  const found: RecordedDeployments = { owned: [], kept: [], leftover: [], foreign: [], unreadable };
  for (const state of states) {
    if (!isFromHere(state)) found.foreign.push(state);
    else if (state.kept) {
      const runs = isHeld(state) || state.processes.some((one) => isRunning(one.identity));
      (runs ? found.kept : found.leftover).push(state);
    } else (isRunning(state.owner) ? found.owned : found.leftover).push(state);
  }
  return found;
};
