/** Folders for what a command needs while it runs. They never outlive it: the next command removes those of dead ones. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identityOf, isRunning, type ProcessIdentity } from "../platform/local/process-identity.ts";
import { PROJECT_ROOT } from "./describe-host.ts";

const WORK_ROOT = join(PROJECT_ROOT, ".sse-lab", "work");
const OWNER_FILE = "owner.json";

/** Makes an empty folder that belongs to this process. The caller removes it. */
export async function createWorkFolder(name: string, root = WORK_ROOT): Promise<string> {
  const path = join(root, `${name}-${process.pid}-${Date.now().toString(36)}`);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, OWNER_FILE), JSON.stringify(identityOf(process.pid) ?? null));
  return path;
}

/** Removes the folders of processes that are gone. Returns how many there were. */
export async function sweepWorkFolders(root = WORK_ROOT): Promise<number> {
  let removed = 0;
  for (const name of await readdir(root).catch(() => [])) {
    const path = join(root, name);
    if (await isOwned(path)) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

async function isOwned(path: string): Promise<boolean> {
  try {
    const owner = JSON.parse(await readFile(join(path, OWNER_FILE), "utf8")) as ProcessIdentity | null;
    return owner !== null && isRunning(owner);
  } catch {
    // Killed between making the folder and naming its owner, or long gone.
    return false;
  }
}
