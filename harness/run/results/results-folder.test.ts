import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createResultsFolder, writeInto } from "./results-folder.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sse-lab-results-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const now = new Date("2026-03-04T05:06:07.890Z");

describe("the results folder", () => {
  it("is named after its start, and results/latest points at the one published last", async () => {
    const first = await createResultsFolder(root, undefined, now);
    expect(first.path).toBe(join(root, "results", "2026-03-04-050607"));
    await first.publish();
    const second = await createResultsFolder(root, undefined, new Date(now.getTime() + 1_000));
    await second.publish();
    expect(await readlink(join(root, "results", "latest"))).toBe("2026-03-04-050608");
  });

  it("is the folder of --out itself, which results/latest does not follow", async () => {
    const out = join(root, "elsewhere");
    const folder = await createResultsFolder(root, out, now);
    await folder.publish();
    expect(folder.path).toBe(out);
    await expect(readlink(join(root, "results", "latest"))).rejects.toThrow("ENOENT");
  });

  it("refuses a folder that is not empty, and overwrites nothing", async () => {
    const out = join(root, "full");
    await mkdir(out);
    await writeFile(join(out, "summary.json"), "mine");
    await expect(createResultsFolder(root, out, now)).rejects.toThrow(`--out ${out}: is not empty`);
  });

  it("of two commands within one second, each gets a folder", async () => {
    const both = await Promise.all(
      [1, 2].map(() => createResultsFolder(root, undefined, now)),
    );
    expect(both.map(({ path }) => basename(path)).sort()).toEqual([
      "2026-03-04-050607",
      "2026-03-04-050607-2",
    ]);
  });

  it.each(["new", "empty"])("of two commands with one %s --out, one gets it", async (state) => {
    const out = join(root, "shared");
    if (state === "empty") await mkdir(out);
    const both = await Promise.allSettled(
      [1, 2].map(() => createResultsFolder(root, out, now)),
    );
    const [first] = both.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const refused = both.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
    expect(refused).toEqual([
      `UserError: --out ${out}: another command writes into it; name another folder`,
    ]);
    await first?.close();
    await (await createResultsFolder(root, out, now)).close();
  });

  it("takes a folder over from a command that was killed before it wrote", async () => {
    const out = join(root, "killed");
    const script = `
      import { createResultsFolder } from ${JSON.stringify(new URL("results-folder.ts", import.meta.url).href)};
      await createResultsFolder("/", ${JSON.stringify(out)}, new Date());
      process.kill(process.pid, "SIGKILL");`;
    const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", script];
    await once(spawn(process.execPath, args), "exit");
    expect(await readdir(out)).toHaveLength(1);
    await (await createResultsFolder(root, out, now)).close();
    expect(await readdir(out)).toEqual([]);
  });

  it("names a folder that cannot be made", async () => {
    const file = join(root, "file");
    await writeFile(file, "");
    await expect(createResultsFolder(root, join(file, "below"), now)).rejects.toThrow(
      `--out ${join(file, "below")}: cannot be written (ENOTDIR)`,
    );
  });

  it("names the folder and the fix when the disk is full", async () => {
    const fill = async () => {
      await using full = await open("/dev/full", "w");
      await full.write("x");
    };
    await expect(writeInto(root, fill)).rejects.toThrow(
      `${root}: results cannot be written (ENOSPC); free some space there, or name another ` + "folder with --out",
    );
  });
});
