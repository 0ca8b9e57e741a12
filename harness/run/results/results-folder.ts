/** The folder of one comparison: `results/<run>/`, or what `--out` names. */
import { randomUUID } from "node:crypto";
import { access, constants, readdir, rename, rmdir, symlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { takeLock } from "../../../common/files/file-lock.ts";
import { makeFolder } from "../../../common/files/make-folder.ts";
import { UserError } from "../../../common/user-error.ts";

export interface ResultsFolder {
  path: string;
  historyPath: string;
  /**
   * Lets other commands have the folder. Removes what was made of the path if nothing was written
   * into it. Safe to call twice.
   */
  close(): Promise<void>;
  /** Points `results/latest` at this folder. Only for folders inside `results/`. */
  publish(): Promise<void>;
}

/** Begins the name of the file that claims a folder, and ends with its command. */
const CLAIM = ".in-use";

/**
 * Creates the folder and claims it for this command. With `out` it must be new or empty, so that no
 * earlier result is ever overwritten, unless the command goes on with what it holds.
 * @throws UserError
 */
export async function createResultsFolder(
  root: string,
  out: string | undefined,
  now: Date,
  mayHold: "nothing" | "anything" = "nothing",
): Promise<ResultsFolder> {
  const named = out === undefined ? join(root, "results", folderName(now)) : resolve(out);
  const made: string[] = [];
  let path = named;
  let release: () => Promise<void>;
  try {
    makeFolder(path, undefined, made);
    // Of two commands within one second each gets a folder.
    for (let number = 2; out === undefined && made.at(-1) !== path; number += 1) {
      path = `${named}-${number}`;
      makeFolder(path, undefined, made);
    }
    await access(path, constants.W_OK | constants.X_OK);
    release = await claim(path, mayHold);
  } catch (error) {
    const shown = out === undefined ? path : `--out ${out}`;
    if (error instanceof UserError) throw new UserError(`${shown}: ${error.message}`);
    throw new UserError(
      `${shown}: cannot be written ` +
        `(${(error as NodeJS.ErrnoException).code ?? String(error)}); name a folder that you ` +
        "can write",
    );
  }
  return {
    path,
    historyPath: join(path, "history.ndjson.gz"),
    close: async () => {
      await release();
      await removeEmpty(made);
    },
    publish: async () => {
      if (dirname(path) === join(root, "results")) await pointLatest(path);
    },
  };
}

/**
 * Of all commands at once, one gets the folder.
 * @throws UserError if another command has it, or it holds something
 */
async function claim(
  path: string,
  mayHold: "nothing" | "anything",
): Promise<() => Promise<void>> {
  const release = await takeLock(join(path, CLAIM));
  if (!release) {
    throw new UserError("another command writes into it; name another folder");
  }
  if (mayHold === "anything") return release;
  const held = (await readdir(path)).filter((name) => !name.startsWith(`${CLAIM}.`));
  if (held.length === 0) return release;
  await release();
  throw new UserError("is not empty; name a new or empty folder (nothing was overwritten)");
}

async function pointLatest(path: string): Promise<void> {
  const link = join(dirname(path), "latest");
  const fresh = `${link}.${randomUUID()}`;
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

/** Innermost first. Stops at the first folder that holds something, or is gone. */
async function removeEmpty(made: readonly string[]): Promise<void> {
  try {
    for (const folder of made.toReversed()) await rmdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT") throw error;
  }
}
