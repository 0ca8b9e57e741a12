import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Creates a folder and the folders above it, with the mode for those that are new.
 * `mkdirSync(path, { recursive: true })` never returns on file systems that answer ENOENT for a
 * folder whose parent exists, such as /proc.
 * @throws the file system's error
 */
export function makeFolder(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Made by somebody else in the meantime, or a file: opening a file below it tells.
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || existsSync(dirname(path))) throw error;
    makeFolder(dirname(path), mode);
    makeFolder(path, mode);
  }
}
