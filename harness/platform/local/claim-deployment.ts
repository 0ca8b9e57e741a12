/** Who may change a kept deployment: of two commands at the same time exactly one. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { takeLock } from "../../../common/file-lock.ts";
import { writeState, type DeploymentState } from "./deployment-state.ts";
import { identityOf } from "../../../common/process-identity.ts";
import { isHeld, recordedDeployments } from "./recorded-deployments.ts";

/** A claim takes a few milliseconds; a process that was killed within one is given up after 5 s. */
const LOCK_WAIT_MS = 15_000;
const LOCK_POLL_MS = 10;

/** Looking at the states and writing one is one step, whoever else does the same. */
const withClaims = async <T>(stateDir: string, action: () => T): Promise<T> => {
  mkdirSync(stateDir, { recursive: true });
  const path = join(stateDir, "claims.lock");
  const deadline = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    const release = await takeLock(path);
    if (release) {
      try {
        return action();
      } finally {
        await release();
      }
    }
    if (performance.now() > deadline) {
      throw new Error(
        `${path} has been held for ${LOCK_WAIT_MS / 1000} s; remove it when no sse-lab command runs`,
      );
    }
    await delay(LOCK_POLL_MS);
  }
};

/**
 * Makes this process the holder of a kept deployment, until `releaseDeployment`, or until it ends.
 *
 * @throws when no kept deployment of that id runs, or a living process holds it
 */
export const claimDeployment = (stateDir: string, id: string): Promise<DeploymentState> =>
  withClaims(stateDir, () => {
    const { kept } = recordedDeployments(stateDir);
    const state = kept.find((one) => one.id === id);
    if (!state) {
      const there = kept.map((one) => one.id).join(", ") || "none";
      throw new Error(`no deployment "${id}" is up; there are: ${there}. Bring one up with sse-lab up`);
    }
    if (state.holder && isHeld(state)) {
      throw new Error(
        `${state.topology} is being bounced by process ${state.holder.pid}; wait for it or end it`,
      );
    }
    const holder = identityOf(process.pid);
    if (!holder) throw new Error("this process does not find itself in the process table");
    state.holder = holder;
    writeState(stateDir, state);
    return state;
  });

/**
 * Leaves a deployment running for later commands. Resolves with the id of another one of its topology that is kept already: this one
 * is not kept then.
 */
export const releaseDeployment = (stateDir: string, state: DeploymentState): Promise<string | undefined> =>
  withClaims(stateDir, () => {
    const other = recordedDeployments(stateDir).kept.find(
      (one) => one.topology === state.topology && one.id !== state.id,
    );
    if (other && !state.kept) return other.id;
    state.kept = true;
    delete state.holder;
    writeState(stateDir, state);
    return undefined;
  });
