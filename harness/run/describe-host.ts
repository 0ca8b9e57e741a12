/** Where and with what a comparison was made. */
import { realpath } from "node:fs/promises";
import { availableParallelism, arch, release, totalmem, type } from "node:os";
import { execa } from "execa";
import type { Manifest } from "../report/summary/manifest.ts";
import { PROJECT_ROOT } from "../../common/paths.ts";

export const describeHost = (): Manifest["host"] => ({
  os: `${type()} ${release()} ${arch()}`,
  cpus: availableParallelism(),
  memoryBytes: totalmem(),
  node: process.versions.node,
});

/**
 * Commit of the lab's own source. Null if git names none: the folder is in no repository or only
 * part of another one, or git is missing or refuses.
 */
export async function sourceCommit(root: string = PROJECT_ROOT): Promise<Manifest["commit"]> {
  // GIT_DIR, GIT_WORK_TREE and others would make git speak of another repository.
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  const env = { ...Object.fromEntries(others), GIT_OPTIONAL_LOCKS: "0" };
  const git = async (...args: string[]): Promise<string | undefined> => {
    const result = await execa("git", ["-C", root, ...args], {
      env,
      extendEnv: false,
      reject: false,
    });
    return result.failed ? undefined : result.stdout;
  };
  if ((await git("rev-parse", "--show-toplevel")) !== (await realpath(root))) return null;
  const id = await git("rev-parse", "--verify", "HEAD");
  const changes = await git("status", "--porcelain", "--untracked-files=normal");
  return id === undefined || changes === undefined ? null : { id, dirty: changes !== "" };
}
