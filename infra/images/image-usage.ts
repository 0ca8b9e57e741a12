/**
 * Which processes may still start containers of a server image. The engine itself would let an
 * image be removed between two of its containers. Each process has one file in the user's cache,
 * because all checkouts share the engine. The file of a process that has ended counts for nothing.
 */
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { cacheRoot } from "../../common/files/download-cache.ts";
import { parseJson } from "../../common/portable/parse-json.ts";
import { isInSight, isRunning, thisProcess } from "../../common/processes/process-identity.ts";

const userSchema = z.object({ pid: z.number().int().positive(), startTime: z.string() });

const usersFolder = (env: NodeJS.ProcessEnv): string => join(cacheRoot(env), "image-leases");

/** How long a process of another container counts, whose end nobody here sees, ms. */
const OUT_OF_SIGHT_MS = 24 * 3600 * 1000;

const isRecent = async (file: string): Promise<boolean> => {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < OUT_OF_SIGHT_MS;
};

/** From now until this process ends, no other one removes server images. */
export const registerImageUser = async (env: NodeJS.ProcessEnv): Promise<void> => {
  const folder = usersFolder(env);
  await mkdir(folder, { recursive: true });
  const user = thisProcess();
  const name = `${user.pid}.${encodeURIComponent(user.startTime)}.json`;
  await writeFile(join(folder, name), JSON.stringify(user));
};

/** Pids of the other processes that use images. Removes the files of those that have ended. */
export const imageUsers = async (env: NodeJS.ProcessEnv): Promise<number[]> => {
  const folder = usersFolder(env);
  const users: number[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    const text = await readFile(file, "utf8").catch(() => "");
    const user = userSchema.safeParse(parseJson(text)).data;
    if (user && (isInSight(user) ? isRunning(user) : await isRecent(file))) {
      if (!isDeepStrictEqual(user, thisProcess())) users.push(user.pid);
    } else if (user) {
      await rm(file, { force: true });
    }
  }
  return users;
};
