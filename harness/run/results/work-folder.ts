/**
 * Folders for what a command needs while it runs. They never outlive it: the next command removes
 * those of dead ones.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { endProcesses } from "../../../common/processes/end-processes.ts";
import { isAlive, isRunning, thisProcess, type ProcessIdentity } from "../../../common/processes/process-identity.ts";
import { PROJECT_ROOT } from "../../../common/paths.ts";

const WORK_ROOT = join(PROJECT_ROOT, ".sse-lab", "work");
const OWNER_FILE = "owner.json";
/** Names an engine that works in the folder, and ends with it. */
const ENGINE_FILE = "guest.json";
/** A folder whose owner is not written down yet: `.new-<pid>-...`. */
const UNNAMED = /^\.new-(?<pid>\d+)-/;

const ownerSchema = z.object({ host: z.string(), pid: z.number(), startTime: z.string() });
const engineSchema = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  group: z.literal(true).optional(),
});

/** Path of the file that names the engine of a folder: a {@link ProcessIdentity} as JSON. */
export const engineFile = (folder: string): string => join(folder, ENGINE_FILE);

/** Makes a folder that belongs to this process. The caller removes it. */
export async function createWorkFolder(name: string, root = WORK_ROOT): Promise<string> {
  const unique = `${process.pid}-${Date.now().toString(36)}`;
  const unnamed = join(root, `.new-${unique}`);
  const path = join(root, `${name}-${unique}`);
  await mkdir(unnamed, { recursive: true });
  await writeFile(
    join(unnamed, OWNER_FILE),
    JSON.stringify({ host: hostname(), ...thisProcess() }),
  );
  // Only now: a sweep of another command must never meet it without its owner.
  await rename(unnamed, path);
  return path;
}

/**
 * Removes the folders of processes of this host that are gone, and ends what still works in them.
 * Returns how many there were.
 */
export async function sweepWorkFolders(root = WORK_ROOT): Promise<number> {
  let removed = 0;
  for (const name of await readdir(root).catch(() => [])) {
    if (await isOwned(root, name)) continue;
    await endProcesses(await enginesOf(join(root, name)));
    await rm(join(root, name), { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

async function isOwned(root: string, name: string): Promise<boolean> {
  const pid = UNNAMED.exec(name)?.groups?.["pid"];
  if (pid !== undefined) return isAlive(Number(pid));
  try {
    const owner = ownerSchema.parse(
      JSON.parse(await readFile(join(root, name, OWNER_FILE), "utf8")),
    );
    return owner.host !== hostname() || isRunning(owner);
  } catch {
    return false;
  }
}

async function enginesOf(folder: string): Promise<ProcessIdentity[]> {
  try {
    return [engineSchema.parse(JSON.parse(await readFile(engineFile(folder), "utf8")))];
  } catch {
    return [];
  }
}
