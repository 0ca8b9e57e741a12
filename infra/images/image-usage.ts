/**
 * Who may still start containers of a server image: between two containers the engine itself would let the image be removed. One file
 * for each process, in the user's cache, since all checkouts share the engine. A process that has ended holds nothing any more.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { isRunning, thisProcess } from "../../common/process-identity.ts";

const leaseSchema = z.object({ pid: z.number().int().positive(), startTime: z.string() });

const leaseFolder = (env: NodeJS.ProcessEnv): string =>
  join(
    env["SSE_LAB_CACHE"] || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "sse-lab"),
    "image-leases",
  );

/** From now until this process ends, no other one removes server images. */
export const leaseImages = async (env: NodeJS.ProcessEnv): Promise<void> => {
  const folder = leaseFolder(env);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${process.pid}.json`), JSON.stringify(thisProcess()));
};

/** Pids of the other processes that hold a lease. Forgets those that have ended. */
export const leaseHolders = async (env: NodeJS.ProcessEnv): Promise<number[]> => {
  const folder = leaseFolder(env);
  const holders: number[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    const lease = await readFile(file, "utf8").then(
      (text) => leaseSchema.safeParse(tryParse(text)).data,
      () => undefined,
    );
    if (lease && isRunning(lease)) {
      if (lease.pid !== process.pid) holders.push(lease.pid);
    } else if (lease) {
      await rm(file, { force: true });
    }
  }
  return holders;
};

const tryParse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
