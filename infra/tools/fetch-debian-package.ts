/**
 * Unpacks a package of this Debian or Ubuntu, with the libraries that the host lacks, into the
 * cache. Needs no root and leaves the host's package database alone: apt works on folders of ours.
 * What vouches for the files is apt's own check of the signed index.
 */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa, type Options } from "execa";
import which from "which";
import type { FetchOptions } from "./fetch-tool.ts";
import { refuseOthersFile } from "../../common/files/check-owner.ts";
import { FIX_OWNER, stageFolder } from "../../common/files/download-cache.ts";
import { UserError } from "../../common/user-error.ts";

export interface DebianPackage {
  /** Name of the package, e.g. `haproxy`. */
  name: string;
  /** Where its program is, from the root, e.g. `usr/sbin/haproxy`. */
  binary: string;
}

export interface UnpackedProgram {
  path: string;
  /** What it has to be started with, so that it finds the libraries unpacked beside it. */
  env: Readonly<Record<string, string>>;
}

/** Written last, so that a folder without it is not complete. */
const COMPLETE_FILE = "complete";

const TOOLS = ["apt-get", "dpkg"] as const;

/** Why this host cannot unpack Debian packages, or undefined when it can. */
export const whyNoApt = async (env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  for (const tool of TOOLS) {
    const found = env["PATH"] ? await which(tool, { nothrow: true, path: env["PATH"] }) : null;
    if (found === null) return `${tool} is not on PATH`;
  }
  return undefined;
};

/** They end an entry of LD_LIBRARY_PATH, and nothing can quote them (ld.so(8)). */
const SEPARATOR = /[:;]/;

/**
 * The program in a folder that `fetchDebianPackage` filled, or undefined when it did not.
 *
 * @throws UserError if another user can change it, or no path can name its libraries
 */
export const unpackedProgram = async (
  wanted: DebianPackage,
  folder: string,
): Promise<UnpackedProgram | undefined> => {
  const files: readonly string[] = await readdir(folder).catch(() => []);
  if (!files.includes(COMPLETE_FILE)) return undefined;
  const library = join(folder, "usr", "lib");
  // Libraries lie in the folder of the processor's architecture, e.g. usr/lib/x86_64-linux-gnu.
  const architectures = (await readdir(library, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory() && entry.name.includes("-linux-"))
    .map((entry) => join(library, entry.name));
  if (architectures.some((path) => SEPARATOR.test(path))) {
    throw new UserError(
      `${folder} has a ":" or ";", so that ${wanted.name} would not find its libraries there`,
      "set SSE_LAB_CACHE to a folder without them",
    );
  }
  const path = join(folder, wanted.binary);
  for (const one of [path, ...architectures]) await refuseOthersFile(one, FIX_OWNER);
  return { path, env: { LD_LIBRARY_PATH: architectures.join(":") } };
};

/** Rejects with apt's last lines. Any number of processes may do so at once. */
export const fetchDebianPackage = async (
  wanted: DebianPackage,
  folder: string,
  options: FetchOptions,
): Promise<void> => {
  await stageFolder(folder, async (root, temporary) => {
    const [state, cache] = [join(temporary, "state"), join(temporary, "cache")];
    await Promise.all([
      mkdir(join(state, "lists", "partial"), { recursive: true }),
      mkdir(join(cache, "archives", "partial"), { recursive: true }),
    ]);
    const run = async (what: string, command: string, args: readonly string[]): Promise<void> => {
      options.onStep?.(what);
      const result = await execa(command, args, {
        env: { ...options.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
        extendEnv: false,
        reject: false,
        all: true,
        ...(options.signal ? { cancelSignal: options.signal } : {}),
      } satisfies Options);
      options.signal?.throwIfAborted();
      if (!result.failed) return;
      throw new Error(`${what} failed: ${result.all.trim().split("\n").slice(-3).join(" | ")}`);
    };
    const ownFolders = [`Dir::State=${state}`, `Dir::Cache=${cache}`, "Debug::NoLocking=1"];
    // What is installed is the host's business, and decides which libraries are lacking.
    const settings = [...ownFolders, "Dir::State::status=/var/lib/dpkg/status"].flatMap((one) => [
      "-o",
      one,
    ]);
    await run("reading the package index", "apt-get", [...settings, "-q", "update"]);
    const download = ["-q", "-y", "--download-only", "--reinstall", "--no-install-recommends"];
    await run(`fetching ${wanted.name}`, "apt-get", [
      ...settings,
      "install",
      ...download,
      wanted.name,
    ]);
    const archives = (await readdir(join(cache, "archives"))).filter((name) =>
      name.endsWith(".deb"),
    );
    for (const archive of archives) {
      await run(`unpacking ${archive}`, "dpkg", ["-x", join(cache, "archives", archive), root]);
    }
    await writeFile(join(root, COMPLETE_FILE), `${archives.sort().join("\n")}\n`);
  });
};
