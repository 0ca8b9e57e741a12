// Where bundles are, and the file that names the current one.
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const bundleRoot = (root) => join(root, ".sse-lab", "bundle");

/** Holds the name of the current bundle, what it was made of, and what it consists of. */
export const manifestFile = (root) => join(bundleRoot(root), "current.json");

export const hashFile = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** @throws Error when a file is missing */
export const isWhole = (folder, outputs) =>
  outputs.every(({ path, size }) => statSync(join(folder, path)).size === size);

/** Appears by one rename, so that a reader finds the old manifest or the new one. */
export function writeManifest(root, manifest) {
  const file = manifestFile(root);
  const fresh = `${file}.${process.pid}`;
  try {
    writeFileSync(fresh, JSON.stringify(manifest));
    renameSync(fresh, file);
  } finally {
    rmSync(fresh, { force: true });
  }
}
