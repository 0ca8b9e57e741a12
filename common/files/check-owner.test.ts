import { chmod, chown, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { refuseOthersFile } from "./check-owner.ts";

/** A user and a group that this process has nothing to do with. */
const OTHER = 12_345;
const isRoot = process.getuid?.() === 0;

let folder: string;
let file: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(await realpath(tmpdir()), "sse-lab-owner-")), "cache");
  await mkdir(join(folder, "tools"), { recursive: true });
  file = join(folder, "tools", "traefik");
  await writeFile(file, "");
});
afterEach(() => rm(join(folder, ".."), { recursive: true, force: true }));

const check = (): Promise<void> => refuseOthersFile(file, "use another folder");

test("a file that only this user can change is run, whatever the umask was", async () => {
  await expect(check()).resolves.toBeUndefined();
  await chmod(folder, 0o775);
  await expect(check()).resolves.toBeUndefined();
});

test.each([
  ["the file is writable for all", () => chmod(file, 0o777), /traefik is writable for every user/],
  ["a folder is", () => chmod(folder, 0o777), /cache is writable for every user/],
])("a file is not run if %s", async (_, change, reason) => {
  await change();
  await expect(check()).rejects.toThrow(reason);
  await expect(check()).rejects.toThrow(`${file} is not run: `);
  await expect(check()).rejects.toThrow(/Fix: use another folder$/);
});

test.runIf(isRoot).each([
  ["the file is another user's", () => chown(file, OTHER, OTHER), /traefik belongs to user 12345/],
  ["a folder is", () => chown(folder, OTHER, OTHER), /cache belongs to user 12345/],
  [
    "a folder is writable for another group",
    async () => {
      await chown(folder, 0, OTHER);
      await chmod(folder, 0o775);
    },
    /cache is writable for group 12345/,
  ],
])("a file is not run if %s, by its number", async (_, change, reason) => {
  await change();
  await expect(check()).rejects.toThrow(reason);
});
