/** A full disk shows as torn ledgers and a state that cannot be written: said before anything is begun. */
import { statfs } from "node:fs/promises";
import { UserError } from "../../../common/user-error.ts";

/** Layers, logs (30 MB a container at most), ledgers and state of one stack, with room. */
const NEEDED_BYTES = 512 * 1024 * 1024;
const MIB = 1024 * 1024;

/** @throws UserError that names the folder whose file system is nearly full */
export const checkDisk = async (folders: Readonly<Record<string, string | undefined>>): Promise<void> => {
  for (const [what, folder] of Object.entries(folders)) {
    if (folder === undefined) continue;
    // The engine's folder may be another user's, or inside of a virtual machine: then nothing can be said of it.
    const found = await statfs(folder).catch(() => undefined);
    if (!found) continue;
    const free = found.bavail * found.bsize;
    if (free >= NEEDED_BYTES) continue;
    throw new UserError(
      `the disk of ${what} (${folder}) is nearly full: ${Math.floor(free / MIB)} MiB are left, a stack needs ${NEEDED_BYTES / MIB}`,
      "free some space; docker system df says what the engine holds",
    );
  }
};
