import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { imageArchive, sealImage, withFolders } from "./image-archive.ts";
import { tarStream, type TarEntry } from "./tar-archive.ts";

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
  expect(await readFile(await write(entries))).toEqual(await readFile(file));
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
    await expect(
      write([{ path: "a", mode: 0o644, content: { file: source, bytes } }]),
    ).rejects.toThrow(`${source} changed while it was read`);
  },
);

test("a path of any length is kept whole, and nothing of the moment is in its header", async () => {
  const path = "x".repeat(300);
  const entries: TarEntry[] = [{ path: `a/${path}`, mode: 0o644, content: Buffer.from("here") }];
  const first = await readFile(await write(entries));
  const { stdout } = await execa("tar", ["-tf", join(folder, "out.tar")]);
  expect(stdout).toBe(`a/${path}`);
  const clock = vi.spyOn(Date, "now").mockReturnValue(4e12);
  try {
    expect(await readFile(await write(entries))).toEqual(first);
  } finally {
    clock.mockRestore();
  }
});

test("a missing file is named", async () => {
  const file = join(folder, "missing");
  await expect(write([{ path: "a", mode: 0o644, content: { file, bytes: 5 } }])).rejects.toThrow(
    /ENOENT.*missing/,
  );
});

test("an image's archive holds its layers whole, and the same layout gives the same image", async () => {
  const source = join(folder, "source");
  await writeFile(source, Buffer.alloc(3_000_000, "y"));
  const layers = [
    withFolders([{ path: "bin/tool", mode: 0o755, content: { file: source, bytes: 3_000_000 } }]),
    withFolders([{ path: "app/main", mode: 0o644, content: Buffer.from("text") }]),
  ];
  const config = {
    User: "1:1",
    WorkingDir: "/",
    Env: [],
    Entrypoint: [],
    ExposedPorts: {},
    Labels: {},
  };
  const sealed = await sealImage({ layers, config });
  expect(await sealImage({ layers, config })).toEqual(sealed);
  const file = join(folder, "image.tar");
  await writeFile(file, imageArchive(sealed));
  await execa("tar", ["-xf", file, "-C", folder]);
  for (const [index, diffId] of sealed.diffIds.entries()) {
    const layer = await readFile(join(folder, `layer-${index}.tar`));
    expect(layer.length).toBe(sealed.layerBytes[index]);
    expect(`sha256:${createHash("sha256").update(layer).digest("hex")}`).toBe(diffId);
  }
  const [{ Layers }] = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as [
    { Layers: string[] },
  ];
  expect(Layers).toEqual(["layer-0.tar", "layer-1.tar"]);
});
