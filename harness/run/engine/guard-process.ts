/** Somebody who ends a process for us should we be killed ourselves. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { identityOf, type ProcessIdentity } from "../../../common/process-identity.ts";
import { startReaper } from "../../../common/reaper/reaper-client.ts";
import { guestFile } from "../results/work-folder.ts";

export interface Guard {
  readonly pid: number;
  /** From now on this process, which leads a group of its own, does not outlive us. */
  watch(pid: number): void;
  /** Lets it go. Resolves when nothing is watched any more. */
  release(): Promise<void>;
}

/**
 * A reaper beside a process that works in a work folder of ours. When this process is killed, the reaper ends the other one; when it
 * is killed too, the next command does, by the record in the folder.
 */
export async function startGuard(folder: string): Promise<Guard> {
  const stateFile = guestFile(folder);
  const reaper = await startReaper({
    workDir: folder,
    ownPaths: [],
    stateFile,
  });
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
    release: async () => {
      await reaper.leave();
      rmSync(stateFile, { force: true });
    },
  };
}
