import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sourceCommit } from "./describe-host.ts";

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "sse lab-commit-")));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** A repository with one commit. Returns the commit. */
async function makeRepository(root: string): Promise<string> {
  const git = async (...args: string[]): Promise<string> =>
    (await execa("git", ["-C", root, ...args])).stdout;
  await mkdir(root, { recursive: true });
  await git("init", "-q");
  await git("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-m", "x");
  return git("rev-parse", "HEAD");
}

describe("the commit of the sources", () => {
  it("is that of their own repository, with a mark for changes", async () => {
    const id = await makeRepository(folder);
    expect(await sourceCommit(folder)).toEqual({ id, dirty: false });
    await writeFile(join(folder, "new"), "");
    expect(await sourceCommit(folder)).toEqual({ id, dirty: true });
  });

  it("is unknown below another repository", async () => {
    await makeRepository(folder);
    await mkdir(join(folder, "lab"));
    expect(await sourceCommit(join(folder, "lab"))).toBeNull();
  });

  it("is unknown without a repository, and before its first commit", async () => {
    expect(await sourceCommit(folder)).toBeNull();
    await execa("git", ["-C", folder, "init", "-q"]);
    expect(await sourceCommit(folder)).toBeNull();
  });

  it("is unknown without git", async () => {
    await makeRepository(folder);
    vi.stubEnv("PATH", folder);
    expect(await sourceCommit(folder)).toBeNull();
  });

  it("does not follow GIT_DIR and its like", async () => {
    const [own, other] = [join(folder, "lab"), join(folder, "other")];
    await makeRepository(other);
    vi.stubEnv("GIT_DIR", join(other, ".git"));
    vi.stubEnv("GIT_WORK_TREE", own);
    vi.stubEnv("GIT_INDEX_FILE", join(other, "index"));
    await mkdir(own);
    expect(await sourceCommit(own)).toBeNull();
    vi.unstubAllEnvs();
    const id = await makeRepository(own);
    vi.stubEnv("GIT_DIR", join(other, ".git"));
    vi.stubEnv("GIT_OBJECT_DIRECTORY", join(other, ".git", "objects"));
    expect(await sourceCommit(own)).toEqual({ id, dirty: false });
  });
});
