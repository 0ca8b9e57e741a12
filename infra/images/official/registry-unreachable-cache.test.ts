import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { unreachableCache } from "./registry-unreachable-cache.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-memory-"));
  file = join(folder, "deep", "registry.json");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("remembers for ten minutes, for one engine, until told to forget", async () => {
  let now = 1_000_000;
  const memory = unreachableCache("unix:///one", file, () => now);
  expect(await memory.recall()).toBeUndefined();
  await memory.remember("no route");
  expect(await memory.recall()).toBe("no route");
  expect(await unreachableCache("unix:///other", file, () => now).recall()).toBeUndefined();
  now += 599_000;
  expect(await memory.recall()).toBe("no route");
  now += 2_000;
  expect(await memory.recall()).toBeUndefined();
  // A clock that was set back makes no memory last for years.
  now = 0;
  expect(await memory.recall()).toBeUndefined();
  await memory.remember("again");
  await memory.forget();
  expect(await memory.recall()).toBeUndefined();
});

test("a damaged record counts as none", async () => {
  const memory = unreachableCache("unix:///one", join(folder, "registry.json"));
  await writeFile(join(folder, "registry.json"), "{ half");
  expect(await memory.recall()).toBeUndefined();
});
