/** The harness's end of the reaper: starts it, tells it what to watch, and lets it go. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { bundledProgram } from "../bundle/bundled-program.ts";
import type { ProcessIdentity } from "../process-identity.ts";

/** One line of JSON each, on the reaper's stdin. */
export type ReaperMessage =
  | { type: "home"; workDir: string; ownPaths: readonly string[]; stateFile: string }
  | { type: "watch"; identity: ProcessIdentity }
  | { type: "leave" };

export interface Reaper {
  readonly pid: number;
  watch(identity: ProcessIdentity): void;
  /** It ends without touching anything. Resolves when it is gone. */
  leave(): Promise<void>;
}

export interface ReaperHome {
  workDir: string;
  ownPaths: readonly string[];
  stateFile: string;
}

export const startReaper = async (home: ReaperHome): Promise<Reaper> => {
  // The folder is an argument so that the process list shows whom a reaper serves.
  const child = spawn(process.execPath, [await bundledProgram("reaper"), home.workDir], {
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
  // Somebody killed it: the state file is still there, and the next command sweeps by that.
  stdin.on("error", () => undefined);
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.unref();
  const tell = (message: ReaperMessage): void => void stdin.write(`${JSON.stringify(message)}\n`);
  const { workDir, ownPaths, stateFile } = home;
  tell({ type: "home", workDir, ownPaths, stateFile });
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
