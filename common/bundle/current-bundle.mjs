// The lab's programs run from one bundle of JavaScript, below .sse-lab/bundle: starting them from
// TypeScript takes over a second. This file finds the bundle that matches the sources. It loads
// nothing but Node's own modules, because every command waits for it.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  bundleRoot,
  hashFile,
  isWhole,
  manifestFile,
  userName,
  writeManifest,
} from "./bundle-manifest.mjs";
import { PROGRAMS } from "./programs.mjs";

/**
 * Finds the bundle of the sources as they are now, and builds it if there is none.
 *
 * @returns its folder, in which each program is `<name>.js`. It stays until this process ends.
 * @throws Error when it cannot be built, for example in a read-only checkout
 */
export async function currentBundle(root, programs = PROGRAMS) {
  const found = findBundle(root);
  if (found !== undefined && lease(found)) return found;
  const { buildBundle } = await import("./build-bundle.mjs");
  const built = await buildBundle(root, programs);
  lease(built);
  return built;
}

/** The bundle that was built last, whatever the sources are now: it needs few packages. */
export const lastBundle = (root) => findBundle(root, () => true);

/** The folder of the bundle that matches the sources, or undefined. */
function findBundle(root, matches = matchesSources) {
  try {
    const manifest = JSON.parse(readFileSync(manifestFile(root), "utf8"));
    const folder = join(bundleRoot(root), manifest.name);
    return isWhole(folder, manifest.outputs) && matches(root, manifest) ? folder : undefined;
  } catch {
    // There is none, or part of it is missing.
    return undefined;
  }
}

/** Compares sizes and times first. Only files whose time differs are read. */
function matchesSources(root, manifest) {
  const touched = [];
  for (const input of manifest.inputs) {
    const { size, mtimeMs } = statSync(join(root, input.path));
    if (size !== input.size) return false;
    if (mtimeMs !== input.mtimeMs) touched.push({ input, mtimeMs });
  }
  for (const { input, mtimeMs } of touched) {
    if (hashFile(join(root, input.path)) !== input.hash) return false;
    input.mtimeMs = mtimeMs;
  }
  if (touched.length > 0) remember(root, manifest);
  return true;
}

/** Saves time at the next start. In a read-only checkout, files are read again instead. */
function remember(root, manifest) {
  try {
    writeManifest(root, manifest);
  } catch {
    return;
  }
}

/** Marks the bundle as used by this process, so that a build elsewhere does not remove it. */
function lease(folder) {
  const file = join(folder, "users", userName());
  try {
    mkdirSync(join(folder, "users"), { recursive: true });
    writeFileSync(file, "");
  } catch {
    // A read-only checkout: nothing is removed from it either.
  }
  process.once("exit", () => rmSync(file, { force: true }));
  try {
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}
