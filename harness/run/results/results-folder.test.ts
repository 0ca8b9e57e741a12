import { mkdir, mkdtemp, open, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
