import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../processes/process-identity.ts";

const PREFIX = ".tmp.";

/**
 * Runs `use` with a folder below `parent` that is removed in the end; those of killed processes are
 * removed first.
 */
export const withTemporaryFolder = async <T>(
  parent: string,
  use: (folder: string) => Promise<T>,
): Promise<T> => {
  await mkdir(parent, { recursive: true });
  for (const entry of await readdir(parent)) {
    if (!entry.startsWith(PREFIX) || isAlive(Number.parseInt(entry.slice(PREFIX.length), 10)))
      continue;
    await rm(join(parent, entry), { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
