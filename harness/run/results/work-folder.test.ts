import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { identityOf } from "../../../common/processes/process-identity.ts";
import { createWorkFolder, sweepWorkFolders } from "./work-folder.ts";

it("sweeps the work folders of dead processes, and leaves those of living ones alone", async () => {
  const root = await mkdtemp(join(tmpdir(), "sse-lab-work-"));
  try {
    const mine = await createWorkFolder("run", root);
    const other = execa("sleep", ["60"]);
    const identity = identityOf(other.pid ?? 0);
    const dead = join(root, "dead");
    await mkdir(dead);
    await writeFile(join(dead, "owner.json"), JSON.stringify({ host: hostname(), ...identity }));
    const elsewhere = join(root, "elsewhere");
    await mkdir(elsewhere);
    await writeFile(
      join(elsewhere, "owner.json"),
      JSON.stringify({ host: "another", pid: 1, startTime: "x" }),
    );
    await mkdir(join(root, "nameless"));
    const beingMade = join(root, `.new-${other.pid ?? 0}-x`);
    await mkdir(beingMade);

    expect(await sweepWorkFolders(root)).toBe(1);
    const left = [dead, mine, elsewhere, beingMade].map((path) => basename(path));
    expect((await readdir(root)).sort()).toEqual(left.sort());
    other.kill("SIGKILL");
    await other.catch(() => undefined);
    expect(await sweepWorkFolders(root)).toBe(2);
    expect((await readdir(root)).sort()).toEqual([basename(mine), basename(elsewhere)].sort());
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
