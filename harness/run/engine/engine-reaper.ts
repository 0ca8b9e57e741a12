/** Ends a load engine's process if we are killed. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { identityOf, type ProcessIdentity } from "../../../common/processes/process-identity.ts";
import { startReaper } from "../../../common/reaper/reaper-client.ts";
import { engineFile } from "../results/work-folder.ts";

export interface EngineReaper {
  readonly pid: number;
  /** From now on this process, which leads a process group, does not outlive us. */
  watch(pid: number): void;
  /** The reaper ends; the process may go on. Resolves when the reaper is gone. */
  leave(): Promise<void>;
}

/**
 * A reaper for an engine that works in one of our work folders. If the reaper is killed too, the
 * next command ends the engine by the file in that folder.
 */
export async function startEngineReaper(folder: string): Promise<EngineReaper> {
  const stateFile = engineFile(folder);
  const reaper = await startReaper({ workDir: folder, ownPaths: [], stateFile });
  return {
    pid: reaper.pid,
    watch: (pid) => {
      const found = identityOf(pid);
      // It has ended already.
      if (!found) return;
      const identity: ProcessIdentity = { ...found, group: true };
      writeFileSync(`${stateFile}.tmp`, JSON.stringify(identity));
      renameSync(`${stateFile}.tmp`, stateFile);
      reaper.watch(identity);
    },
    leave: async () => {
      await reaper.leave();
      rmSync(stateFile, { force: true });
    },
  };
}
