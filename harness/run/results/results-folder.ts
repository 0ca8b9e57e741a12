/** The folder of one comparison: `results/<run>/`, or what `--out` names. */
import { access, constants, mkdir, readdir, rename, rm, rmdir, symlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../../common/user-error.ts";

export interface ResultsFolder {
  path: string;
  historyPath: string;
  /** Removes what was made of the path if nothing was written into it. Safe to call twice. */
  removeIfEmpty(): Promise<void>;
  /** Points `results/latest` at this folder. Only for folders inside `results/`. */
  publish(): Promise<void>;
}

/**
 * Creates the folder. With `out` it must be new or empty, so that no earlier result is ever
 * overwritten.
 * @throws UserError
 */
export async function createResultsFolder(
  root: string,
  out: string | undefined,
  now: Date,
): Promise<ResultsFolder> {
  const path = out === undefined ? join(root, "results", folderName(now)) : resolve(out);
  const named = out === undefined ? path : `--out ${out}`;
  const made: string[] = [];
  try {
    await makeFolder(path, made);
    await access(path, constants.W_OK | constants.X_OK);
    if ((await readdir(path)).length > 0) {
      throw new UserError(
        `${named}: is not empty; name a new or empty folder (nothing was overwritten)`,
      );
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${named}: cannot be written ` + `(${(error as NodeJS.ErrnoException).code ?? String(error)}); name a folder that you ` + "can write",
    );
  }
  return {
    path,
    historyPath: join(path, "history.ndjson.gz"),
    removeIfEmpty: () => removeEmpty(made),
    publish: async () => {
      if (dirname(path) === join(root, "results")) await pointLatest(path);
    },
  };
}

async function pointLatest(path: string): Promise<void> {
  const link = join(dirname(path), "latest");
  const fresh = `${link}.${process.pid}`;
  await rm(fresh, { force: true });
  await symlink(basename(path), fresh);
  await rename(fresh, link);
}

const folderName = (now: Date): string =>
  now.toISOString().slice(0, 19).replaceAll(":", "").replace("T", "-");

/**
 * Writes into the folder.
 * @throws UserError that names the folder and the reason, e.g. a full disk
 */
export async function writeInto<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    const fix = code === "ENOSPC" ? "free some space there" : "make it writable";
    throw new UserError(
      `${folder}: results cannot be written (${code}); ${fix}, or name another folder with ` + "--out. What was written before is whole.",
      undefined,
      { cause: error },
    );
  }
}

/**
 * As `mkdir -p`. Node's own recursive mkdir never returns below /proc, where making a folder fails
 * with ENOENT. Adds every folder that it makes to `made`, the innermost last.
 */
async function makeFolder(path: string, made: string[]): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path), made);
    await mkdir(path);
  }
  made.push(path);
}

/** Innermost first. Stops at the first folder that holds something, or is gone. */
async function removeEmpty(made: readonly string[]): Promise<void> {
  try {
    for (const folder of made.toReversed()) await rmdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT") throw error;
  }
}
