import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { removeAbandoned, unfinishedName } from "./unfinished.ts";

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
  await removeAbandoned(parent, PREFIX);
  const folder = join(parent, unfinishedName(PREFIX));
  await mkdir(folder);
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
