/** Where and with what a comparison was made. */
import { availableParallelism, arch, release, totalmem, type } from "node:os";
import { execa } from "execa";
import type { Manifest } from "../report/summary/manifest.ts";
import { PROJECT_ROOT } from "../../common/paths.ts";

/** Folder of the project: the one that holds package.json. */

export const describeHost = (): Manifest["host"] => ({
  os: `${type()} ${release()} ${arch()}`,
  cpus: availableParallelism(),
  memoryBytes: totalmem(),
  node: process.versions.node,
});

/** Commit of the lab's own source; null outside of a git checkout. */
export async function sourceCommit(): Promise<Manifest["commit"]> {
  const git = (...args: string[]) => execa("git", ["-C", PROJECT_ROOT, ...args], { reject: false });
  const id = await git("rev-parse", "HEAD");
  if (id.exitCode !== 0) return null;
  const status = await git("status", "--porcelain");
  return { id: id.stdout, dirty: status.stdout !== "" };
}
