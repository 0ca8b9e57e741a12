import { existsSync, mkdirSync, mkdtempSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../user-error.ts";

/**
 * Creates a folder and the folders above it, with the mode for those that are new.
 * `mkdirSync(path, { recursive: true })` never returns on file systems that answer ENOENT for a
 * folder whose parent exists, such as /proc. Adds what is new to `made`, the innermost last.
 * @throws the file system's error
 */
export function makeFolder(path: string, mode = 0o777, made: string[] = []): void {
  try {
    mkdirSync(path, { mode });
    made.push(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Made by somebody else in the meantime, or a file: opening a file below it tells.
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || existsSync(dirname(path))) throw error;
    makeFolder(dirname(path), mode, made);
    makeFolder(path, mode, made);
  }
}

/**
 * Makes the folder if it is not there, and tries to write into it.
 *
 * @throws UserError with `fix`
 */
export function checkWritable(folder: string, fix: string): void {
  try {
    makeFolder(folder);
    rmdirSync(mkdtempSync(join(folder, ".try-")));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(`${folder} cannot be written (${code ?? String(error)})`, fix, {
      cause: error,
    });
  }
}
