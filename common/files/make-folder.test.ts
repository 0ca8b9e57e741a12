import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkCache } from "./download-cache.ts";
import { checkWritable, makeFolder } from "./make-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-make-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("makes each folder of a path, and tells which were new", () => {
  const all: string[] = [];
  makeFolder(join(folder, "a", "b"), undefined, all);
  makeFolder(join(folder, "a", "b"), undefined, all);
  expect(all).toEqual([join(folder, "a"), join(folder, "a", "b")]);
});

it("ends below /proc, where no folder can be made", () => {
  expect(() => makeFolder("/proc/none/deeper")).toThrow("ENOENT");
});

it("leaves nothing in a folder that can be written", async () => {
  checkWritable(join(folder, "new"), "x");
  expect(await readdir(join(folder, "new"))).toEqual([]);
});

it("names a cache that cannot be written, and the way out", async () => {
  await writeFile(join(folder, "file"), "");
  for (const path of ["/proc/none", join(folder, "file", "cache")]) {
    expect(() => checkCache({ SSE_LAB_CACHE: path })).toThrow(
      /cannot be written \(ENO\w+\)\. Fix: set SSE_LAB_CACHE to a folder that you can write$/,
    );
  }
});
