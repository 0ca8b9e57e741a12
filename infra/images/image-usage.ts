/**
 * Which processes may still start containers of a server image. The engine itself would let an
 * image be removed between two of its containers. Each process has one file in the user's cache,
 * because all checkouts share the engine. The file of a process that has ended counts for nothing.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { cacheRoot } from "../../common/files/download-cache.ts";
import { parseJson } from "../../common/portable/parse-json.ts";
import { isRunning, thisProcess } from "../../common/processes/process-identity.ts";

const userSchema = z.object({ pid: z.number().int().positive(), startTime: z.string() });

const usersFolder = (env: NodeJS.ProcessEnv): string => join(cacheRoot(env), "image-leases");

/** From now until this process ends, no other one removes server images. */
export const registerImageUser = async (env: NodeJS.ProcessEnv): Promise<void> => {
  const folder = usersFolder(env);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${process.pid}.json`), JSON.stringify(thisProcess()));
};

/** Pids of the other processes that use images. Removes the files of those that have ended. */
export const imageUsers = async (env: NodeJS.ProcessEnv): Promise<number[]> => {
  const folder = usersFolder(env);
  const users: number[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    const text = await readFile(file, "utf8").catch(() => "");
    const user = userSchema.safeParse(parseJson(text)).data;
    if (user && isRunning(user)) {
      if (user.pid !== process.pid) users.push(user.pid);
    } else if (user) {
      await rm(file, { force: true });
    }
  }
  return users;
};
