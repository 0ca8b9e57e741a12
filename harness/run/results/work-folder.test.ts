import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { unfinishedName } from "../../../common/files/unfinished.ts";
import { identityOf } from "../../../common/processes/process-identity.ts";
import { firstLine, permits, startIn } from "../../../common/test-support/namespaces.ts";
import { createWorkFolder, sweepWorkFolders } from "./work-folder.ts";

/** A user that has nothing here. */
const USER = 12_345;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sse-lab-work-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it("sweeps the work folders of dead processes, and leaves those of living ones alone", async () => {
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
  const beingMade = join(root, unfinishedName(".new-"));
  await mkdir(beingMade);

  expect(await sweepWorkFolders(root)).toEqual({ removed: 1, problems: [] });
  const left = [dead, mine, elsewhere, beingMade].map((path) => basename(path));
  expect((await readdir(root)).sort()).toEqual(left.sort());
  other.kill("SIGKILL");
  await other.catch(() => undefined);
  expect(await sweepWorkFolders(root)).toEqual({ removed: 1, problems: [] });
  const still = [mine, elsewhere, beingMade].map((path) => basename(path));
  expect((await readdir(root)).sort()).toEqual(still.sort());
});

it.runIf(permits("pids"))(
  "leaves the folder of a living process alone that only another container sees",
  async () => {
    const script = `
      import { createWorkFolder } from ${JSON.stringify(new URL("work-folder.ts", import.meta.url).href)};
      console.log(await createWorkFolder("run", ${JSON.stringify(root)}));
      setInterval(() => undefined, 60_000);`;
    const owner = startIn(["pids"], script);
    try {
      const folder = await firstLine(owner);
      expect(await sweepWorkFolders(root)).toEqual({ removed: 0, problems: [] });
      expect(await readdir(root)).toEqual([basename(folder)]);
    } finally {
      owner.kill("SIGKILL");
      await once(owner, "exit");
    }
  },
);

it.each([0o000, 0o077, 0o277])("only its user enters a work folder, umask %o", async (umask) => {
  const before = process.umask(umask);
  try {
    const folder = await createWorkFolder("run", root);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await writeFile(join(folder, "x"), "");
  } finally {
    process.umask(before);
  }
});

it.runIf(process.getuid?.() === 0)(
  "a folder that root left is named with the fix, and the others are swept",
  async () => {
    await chown(root, USER, USER);
    await mkdir(join(root, "zombie"));
    await chown(join(root, "zombie"), USER, USER);
    const ofRoot = await createWorkFolder("run", root);
    const owner = join(ofRoot, "owner.json");
    await writeFile(owner, (await readFile(owner, "utf8")).replace(/"pid":\d+/, '"pid":999999999'));
    const script = `
      import { sweepWorkFolders } from ${JSON.stringify(new URL("work-folder.ts", import.meta.url).href)};
      process.setgroups([]);
      process.setgid(${USER});
      process.setuid(${USER});
      console.log(JSON.stringify(await sweepWorkFolders(${JSON.stringify(root)})));`;
    const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", script];
    expect(JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }))).toEqual({
      removed: 1,
      problems: [
        expect.stringMatching(
          new RegExp(`^${ofRoot}: EACCES.* Fix: .*remove it with sudo rm -rf ${ofRoot}$`),
        ),
      ],
    });
  },
);
