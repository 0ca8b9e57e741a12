/**
 * Folders for what a command needs while it runs. They never outlive it: the next command removes
 * those of dead ones.
 */
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isAbandoned, unfinishedName } from "../../../common/files/unfinished.ts";
import { endProcesses } from "../../../common/processes/end-processes.ts";
import { isFromHere, thisOwner } from "../../../common/processes/owner.ts";
import { isRunning, type ProcessIdentity } from "../../../common/processes/process-identity.ts";
import { parseJson } from "../../../common/portable/parse-json.ts";
import { PROJECT_ROOT } from "../../../common/paths.ts";
import { UserError } from "../../../common/user-error.ts";

const WORK_ROOT = join(PROJECT_ROOT, ".sse-lab", "work");
const OWNER_FILE = "owner.json";
/** Names an engine that works in the folder, and ends with it. */
const ENGINE_FILE = "guest.json";
/** Begins the name of a folder whose owner is not written down yet. */
const UNNAMED = ".new-";

const ownerSchema = z.object({ host: z.string(), pid: z.number(), startTime: z.string() });
const engineSchema = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  group: z.literal(true).optional(),
});

/** Path of the file that names the engine of a folder: a {@link ProcessIdentity} as JSON. */
export const engineFile = (folder: string): string => join(folder, ENGINE_FILE);

/** What stands in the way of a folder, with the way out. */
const inTheWay = (path: string, error: unknown): UserError =>
  new UserError(
    `${path}: ${(error as Error).message}`,
    WAYS_OUT[(error as NodeJS.ErrnoException).code ?? ""] ??
      `it may belong to another user, such as root; remove it with sudo rm -rf ${path}`,
    { cause: error },
  );

const WAYS_OUT: Readonly<Record<string, string>> = {
  ENOSPC: "free some space there",
  EDQUOT: "free some space there",
  EROFS: "make the checkout writable, or copy it to a folder that you can write",
};

/**
 * Makes a folder that belongs to this process. Only its user can enter it. The caller removes it.
 *
 * @throws UserError that names the folder and the fix
 */
export async function createWorkFolder(name: string, root = WORK_ROOT): Promise<string> {
  const unnamed = join(root, unfinishedName(UNNAMED));
  const path = join(root, unfinishedName(`${name}-`));
  try {
    await mkdir(root, { recursive: true });
    await mkdir(unnamed);
    // Whatever the umask: another user must not write there, and this one must.
    await chmod(unnamed, 0o700);
    await writeFile(join(unnamed, OWNER_FILE), JSON.stringify(thisOwner()));
    // Only now: a sweep of another command must never meet it without its owner.
    await rename(unnamed, path);
  } catch (error) {
    throw inTheWay(root, error);
  }
  return path;
}

export interface SweptWorkFolders {
  /** How many were removed. */
  removed: number;
  /** One line for each folder that could not be removed, with the fix. */
  problems: string[];
}

/**
 * Removes the folders of processes that are gone, and ends what still works in them. Leaves alone
 * those of another host or container.
 */
export async function sweepWorkFolders(root = WORK_ROOT): Promise<SweptWorkFolders> {
  const swept: SweptWorkFolders = { removed: 0, problems: [] };
  for (const name of await readdir(root).catch(() => [])) {
    const path = join(root, name);
    try {
      if (await isOwned(root, name)) continue;
      await endProcesses(await enginesOf(path));
      await rm(path, { recursive: true, force: true });
      swept.removed += 1;
    } catch (error) {
      swept.problems.push(inTheWay(path, error).message);
    }
  }
  return swept;
}

async function isOwned(root: string, name: string): Promise<boolean> {
  if (name.startsWith(UNNAMED)) return !(await isAbandoned(root, name, UNNAMED));
  const file = join(root, name, OWNER_FILE);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    // A folder that this user may not enter is not known to be ours.
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw error;
    return "";
  });
  const owner = ownerSchema.safeParse(parseJson(text)).data;
  return owner !== undefined && (!isFromHere(owner) || isRunning(owner));
}

async function enginesOf(folder: string): Promise<ProcessIdentity[]> {
  try {
    return [engineSchema.parse(JSON.parse(await readFile(engineFile(folder), "utf8")))];
  } catch {
    return [];
  }
}
