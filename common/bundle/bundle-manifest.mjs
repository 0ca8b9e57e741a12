// Where bundles are, and the file that names the current one.
import { createHash } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export const bundleRoot = (root) => join(root, ".sse-lab", "bundle");

/** Holds the name of the current bundle, what it was made of, and what it consists of. */
export const manifestFile = (root) => join(bundleRoot(root), "current.json");

export const hashFile = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** @throws Error when a file is missing */
export const isWhole = (folder, outputs) =>
  outputs.every(({ path, size }) => statSync(join(folder, path)).size === size);

let namespace = "";
try {
  namespace = /\d+/.exec(readlinkSync("/proc/self/ns/pid"))[0];
} catch {
  // Not Linux: all processes of the host share their pids.
}

/** Names this process among the users of a bundle: its pid, and where that has a meaning. */
export const userName = () => `${process.pid}.${namespace}`;

/** Does this user of a bundle run? Undefined for one of another container, which nobody sees. */
export const isRunningUser = (name) => {
  const [pid, place] = name.split(".");
  if (place !== namespace) return undefined;
  try {
    return process.kill(Number(pid), 0);
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return error.code === "EPERM";
  }
};

/** The users of a bundle, dead ones too. */
export const usersOf = (bundle) => {
  const users = join(bundle, "users");
  return existsSync(users) ? readdirSync(users) : [];
};

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
