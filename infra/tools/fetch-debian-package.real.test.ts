import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchDebianPackage, unpackedProgram, whyNoApt } from "./fetch-debian-package.ts";

const haproxy = { name: "haproxy", binary: "usr/sbin/haproxy" };
const onDebian = (await whyNoApt(process.env)) === undefined;

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "sse-lab-debian-"));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

test("says what is missing where there is no apt", async () => {
  expect(await whyNoApt({ PATH: cache })).toBe("apt-get is not on PATH");
});

test.runIf(onDebian)(
  "a package is unpacked into the cache, and its program runs from there",
  async () => {
    const folder = join(cache, "haproxy");
    expect(await unpackedProgram(haproxy, folder)).toBeUndefined();
    await fetchDebianPackage(haproxy, folder, { env: process.env });
    const program = await unpackedProgram(haproxy, folder);
    const { stdout } = await execa(program!.path, ["-v"], { env: program!.env });
    expect(program!.path.startsWith(folder)).toBe(true);
    expect(stdout).toMatch(/^HAProxy version \d/);
    expect(await readdir(cache)).toEqual(["haproxy"]);
  },
);

test.runIf(onDebian)(
  "an unknown package is an error with apt's own words, and leaves nothing",
  async () => {
    const unknown = { name: "no-such-package-of-debian", binary: "usr/bin/none" };
    await expect(
      fetchDebianPackage(unknown, join(cache, "none"), { env: process.env }),
    ).rejects.toThrow(/fetching no-such-package-of-debian failed: .*Unable to locate package/);
    expect(await readdir(cache)).toEqual([]);
  },
);

/** As `fetchDebianPackage` leaves it. */
const unpack = async (folder: string): Promise<void> => {
  await mkdir(join(folder, "usr", "sbin"), { recursive: true });
  await mkdir(join(folder, "usr", "lib", "x86_64-linux-gnu"), { recursive: true });
  await writeFile(join(folder, haproxy.binary), "");
  await writeFile(join(folder, "complete"), "haproxy.deb\n");
};

test("a folder with a colon is refused before the program misses its libraries", async () => {
  const folder = join(cache, "a:b");
  await unpack(folder);
  await expect(unpackedProgram(haproxy, folder)).rejects.toThrow(
    `${folder} has a ":" or ";", so that haproxy would not find its libraries there. Fix: set SSE`,
  );
});

test("libraries that another user can change are not loaded", async () => {
  const folder = join(cache, "haproxy");
  await unpack(folder);
  expect(await unpackedProgram(haproxy, folder)).toBeDefined();
  const libraries = join(folder, "usr", "lib", "x86_64-linux-gnu");
  await chmod(libraries, 0o777);
  await expect(unpackedProgram(haproxy, folder)).rejects.toThrow(
    `${libraries} is writable for every user. Fix: set SSE_LAB_CACHE to a folder that only you`,
  );
});
