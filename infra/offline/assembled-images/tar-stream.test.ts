import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withFolders } from "./image-archive.ts";
import { tarBytes, tarStream, type TarEntry } from "./tar-stream.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-tar-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (entries: readonly TarEntry[]): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of tarStream(entries)) pieces.push(piece);
  const file = join(folder, "out.tar");
  await writeFile(file, Buffer.concat(pieces));
  return file;
};

test("tar reads it: files, folders, rights, owners, long paths", async () => {
  const source = join(folder, "source");
  await writeFile(source, "from a file");
  const long = `${"folder/".repeat(20)}${"n".repeat(90)}`;
  const entries = withFolders([
    { path: "bin/tool", mode: 0o755, content: { file: source, bytes: 11 } },
    { path: "tmp", mode: 0o1777 },
    { path: "data", mode: 0o700, uid: 999, gid: 1000 },
    { path: long, mode: 0o644, content: Buffer.alloc(1000, "x") },
  ]);
  const file = await write(entries);
  expect((await stat(file)).size).toBe(tarBytes(entries));
  const { stdout } = await execa("tar", ["--numeric-owner", "-tvf", file], {
    env: { TZ: "UTC", LC_ALL: "C" },
  });
  const lines = stdout.split("\n").map((line) => line.replaceAll(/ +/g, " "));
  expect(lines).toContain("-rwxr-xr-x 0/0 11 1970-01-01 00:00 bin/tool");
  expect(lines).toContain("drwxr-xr-x 0/0 0 1970-01-01 00:00 bin/");
  expect(lines).toContain("drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/");
  expect(lines).toContain("drwx------ 999/1000 0 1970-01-01 00:00 data/");
  await execa("tar", ["-xf", file, "-C", folder, "bin/tool", long]);
  expect(await readFile(join(folder, "bin/tool"), "utf8")).toBe("from a file");
  expect((await stat(join(folder, long))).size).toBe(1000);
});

test.each([5, 20])(
  "a file that is not as long as announced (%i) is an error, not a damaged archive",
  async (bytes) => {
    const source = join(folder, "source");
    await writeFile(source, "from a file");
    await expect(write([{ path: "a", mode: 0o644, content: { file: source, bytes } }])).rejects.toThrow(
      `${source} changed while it was read`,
    );
  },
);

test("a path too long for the format is refused", async () => {
  await expect(write([{ path: "x".repeat(101), mode: 0o644 }])).rejects.toThrow("too long a path");
});
