import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { identityOf } from "../platform/local/process-identity.ts";
import { createWorkFolder, sweepWorkFolders } from "./work-folder.ts";

it("sweeps the work folders of dead processes, and leaves those of living ones alone", async () => {
  const root = await mkdtemp(join(tmpdir(), "sse-lab-work-"));
  try {
    const mine = await createWorkFolder("run", root);
    const other = execa("sleep", ["60"]);
    const identity = identityOf(other.pid ?? 0);
    const dead = join(root, "dead");
    await mkdir(dead);
    await writeFile(join(dead, "owner.json"), JSON.stringify(identity));
    await mkdir(join(root, "nameless"));

    expect(await sweepWorkFolders(root)).toBe(1);
    expect((await readdir(root)).sort()).toEqual([basename(dead), basename(mine)].sort());
    other.kill("SIGKILL");
    await other.catch(() => undefined);
    expect(await sweepWorkFolders(root)).toBe(1);
    expect(await readdir(root)).toEqual([basename(mine)]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
