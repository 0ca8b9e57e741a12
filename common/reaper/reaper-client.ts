/** Our end of the reaper: a process that ends our child processes if we are killed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { bundledProgram } from "../bundle/bundled-program.ts";
import type { ProcessIdentity } from "../processes/process-identity.ts";

/** One line of JSON each, on the reaper's stdin. */
export type ReaperMessage =
  | ({ type: "home" } & ReaperHome)
  | { type: "watch"; identity: ProcessIdentity }
  | { type: "leave" };

export interface Reaper {
  readonly pid: number;
  watch(identity: ProcessIdentity): void;
  /** It ends, and ends and removes nothing. Resolves when it is gone. */
  leave(): Promise<void>;
}

/** What the reaper removes after it has ended the processes. */
export interface ReaperHome {
  workDir: string;
  ownPaths: readonly string[];
  stateFile: string;
}

export const startReaper = async (home?: ReaperHome): Promise<Reaper> => {
  // The folder is an argument so that the process list shows which deployment a reaper belongs to.
  const args = [await bundledProgram("reaper"), ...(home ? [`${home.workDir}/`] : [])];
  const child = spawn(process.execPath, args, {
    stdio: ["pipe", "ignore", "ignore"],
    // Out of the terminal's process group: a Ctrl-C is not for it.
    detached: true,
    cwd: "/",
    env: { PATH: process.env["PATH"] },
  });
  if (child.pid === undefined) {
    const [error] = (await once(child, "error").catch((cause: unknown) => [cause])) as [Error];
    throw new Error(`the reaper could not be started: ${error.message}`);
  }
  const { stdin } = child;
  // If the reaper was killed, the state file is still there, and the next command cleans up by it.
  stdin.on("error", () => undefined);
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.unref();
  const tell = (message: ReaperMessage): void => void stdin.write(`${JSON.stringify(message)}\n`);
  if (home) tell({ type: "home", ...home });
  return {
    pid: child.pid,
    watch: (identity) => tell({ type: "watch", identity }),
    leave: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      tell({ type: "leave" });
      stdin.end();
      await gone;
    },
  };
};
