// Builds the bundle of all programs, and removes those that no process uses.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import {
  bundleRoot,
  hashFile,
  isRunningUser,
  isWhole,
  userName,
  usersOf,
  writeManifest,
} from "./bundle-manifest.mjs";

/** They load files that lie beside them, or code that was compiled for the host. */
const EXTERNAL = ["@pulumi/*", "dockerode", "esbuild"];

/** CommonJS packages call require(), which an ES module does not have. */
const BANNER =
  'import { createRequire as $createRequire } from "node:module"; ' +
  "const require = $createRequire(import.meta.url);";

/** Stand for all packages, whose thousands of files never change by themselves. */
const LOCKFILES = ["package-lock.json", "node_modules/.package-lock.json"];

const DAY_MS = 24 * 3600 * 1000;

/** How often a build starts again because a source changed while it ran. */
const ATTEMPTS = 3;

/**
 * @returns the folder of the new bundle
 * @throws Error of esbuild or of the file system; no part of a bundle is left behind
 */
export async function buildBundle(root, programs) {
  const folder = bundleRoot(root);
  mkdirSync(folder, { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    const fresh = join(folder, `new-${userName()}-${randomUUID()}`);
    try {
      mkdirSync(fresh);
      const startMs = Date.now();
      const { inputs, outputs } = await bundleInto(fresh, root, programs);
      if (attempt < ATTEMPTS && inputs.some(({ mtimeMs }) => mtimeMs > startMs)) continue;
      const name = nameOf(inputs);
      const target = join(folder, name);
      moveInto(fresh, target, outputs);
      writeManifest(root, { name, inputs, outputs });
      removeUnused(folder, name);
      return target;
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
}

async function bundleInto(fresh, root, programs) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: programs,
    outdir: fresh,
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: EXTERNAL,
    banner: { js: BANNER },
    // The maps name the files of the checkout, which hold the text.
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: "silent",
  });
  const own = Object.keys(metafile.inputs).filter((path) => !path.includes("node_modules/"));
  const locks = LOCKFILES.filter((path) => existsSync(join(root, path)));
  const builder = ["common/bundle/build-bundle.mjs", "common/bundle/programs.mjs"].filter((path) =>
    existsSync(join(root, path)),
  );
  const inputs = [...new Set([...own, ...locks, ...builder])].sort().map((path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    return { path, size, mtimeMs, hash: hashFile(join(root, path)) };
  });
  const outputs = Object.keys(metafile.outputs)
    .filter((path) => path.endsWith(".js"))
    .map((path) => ({ path: basename(path), size: statSync(join(root, path)).size }));
  return { inputs, outputs };
}

function nameOf(inputs) {
  const hash = createHash("sha256");
  for (const input of inputs) hash.update(`${input.path}\0${input.hash}\n`);
  return hash.digest("hex").slice(0, 16);
}

/** Renames, which is atomic. A folder that is there is of a faster command, or damaged. */
function moveInto(fresh, target, outputs) {
  try {
    renameSync(fresh, target);
  } catch (error) {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    if (isUsable(target, outputs)) return;
    renameSync(target, `${fresh}-old`);
    renameSync(fresh, target);
  }
}

function isUsable(folder, outputs) {
  try {
    return isWhole(folder, outputs);
  } catch {
    return false;
  }
}

/** Older bundles, and what a killed build left. */
function removeUnused(folder, current) {
  for (const name of readdirSync(folder)) {
    if (name === current || name.startsWith("current.json")) continue;
    const path = join(folder, name);
    const [, builder] = /^new-([\d.]+)-[\w-]*$/.exec(name) ?? [];
    const users = builder === undefined || name.endsWith("-old") ? usersOf(path) : [builder];
    if (!users.some((user) => mayUse(user, path))) rmSync(path, { recursive: true, force: true });
  }
}

/** A user of another container counts for a day. */
function mayUse(user, path) {
  return isRunningUser(user) ?? Date.now() - statSync(path).mtimeMs < DAY_MS;
}
