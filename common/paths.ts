import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const findRoot = (folder: string): string =>
  existsSync(join(folder, "package-lock.json")) && existsSync(join(folder, "common/paths.ts"))
    ? folder
    : findRoot(parent(folder));

function parent(folder: string): string {
  const above = dirname(folder);
  if (above === folder) throw new Error(`no checkout of the lab above ${import.meta.dirname}`);
  return above;
}

/**
 * Absolute path of the checkout. Searched upwards, because this file runs from the sources and from
 * bundles that lie below `.sse-lab/`.
 */
export const PROJECT_ROOT = findRoot(import.meta.dirname);

/** Absolute path of a file or folder of the checkout, from its path relative to the root. */
export const fromRoot = (...parts: string[]): string => resolve(PROJECT_ROOT, ...parts);

/**
 * What the lab writes for itself while it runs: state files, ledgers, work folders. Ignored by git.
 */
export const STATE_ROOT = fromRoot(".sse-lab");
