import { execFile } from "node:child_process";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromRoot } from "../paths.ts";
// @ts-expect-error: plain JavaScript, because every command waits for it.
import * as manifest from "./bundle-manifest.mjs";

const { userName } = manifest as { userName: () => string };

/** A checkout with two programs that share a module. */
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sse-lab-bundle-"));
  await source("shared.ts", 'export const word: string = "first";');
  await source("one.ts", 'import { word } from "./shared.ts"; export const main = () => word;');
  await source("two.ts", 'import { word } from "./shared.ts"; console.log(word);');
  await writeFile(join(root, "package.json"), '{ "type": "module" }');
  await symlink(fromRoot("node_modules"), join(root, "node_modules"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const source = (name: string, text: string): Promise<void> => writeFile(join(root, name), text);

/** Starts a program in a process of its own. It prints what `main` returns, and where it runs. */
async function start(env: NodeJS.ProcessEnv = {}): Promise<{ word: string; stderr: string }> {
  const script = `
    const { loadProgram } = await import(${JSON.stringify(fromRoot("common/bundle/load-program.mjs"))});
    const programs = { one: "one.ts", two: "two.ts" };
    console.log((await loadProgram("one", ${JSON.stringify(root)}, programs)).main());`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", script],
    { env: { ...process.env, ...env } },
  );
  return { word: stdout.trim(), stderr };
}

const bundles = async (): Promise<string[]> =>
  (await readdir(join(root, ".sse-lab", "bundle")))
    .filter((name) => name !== "current.json")
    .sort();

const builtAt = async (): Promise<number> => {
  const [name = ""] = await bundles();
  const { mtimeMs } = await stat(join(root, ".sse-lab", "bundle", name, "one.js"));
  return mtimeMs;
};

describe("the bundle of the lab's programs", () => {
  it("is built once, with maps that name the sources", async () => {
    expect(await start()).toEqual({ word: "first", stderr: "" });
    const before = await builtAt();
    expect(await start()).toEqual({ word: "first", stderr: "" });
    expect(await builtAt()).toBe(before);
    const [name = ""] = await bundles();
    const folder = join(root, ".sse-lab", "bundle", name);
    const map = JSON.parse(await readFile(join(folder, "one.js.map"), "utf8")) as {
      sources: string[];
    };
    expect(map.sources.map((path) => join(folder, path))).toEqual([join(root, "one.ts")]);
    // No process uses it any more.
    expect(await readdir(join(folder, "users"))).toEqual([]);
  });

  it("is built again after a source has changed, and replaces the older one", async () => {
    await start();
    const [older] = await bundles();
    await source("shared.ts", 'export const word: string = "other";');
    expect((await start()).word).toBe("other");
    expect(await bundles()).toHaveLength(1);
    expect(await bundles()).not.toEqual([older]);
  });

  it("stays when only the time of a source has changed", async () => {
    await start();
    const before = await builtAt();
    await utimes(join(root, "shared.ts"), new Date(), new Date(0));
    expect((await start()).word).toBe("first");
    expect(await builtAt()).toBe(before);
  });

  it("stays while a process uses it", async () => {
    await start();
    const [older = ""] = await bundles();
    await writeFile(join(root, ".sse-lab", "bundle", older, "users", userName()), "");
    await source("shared.ts", 'export const word: string = "other";');
    expect((await start()).word).toBe("other");
    expect(await bundles()).toHaveLength(2);
    expect(await bundles()).toContain(older);
  });

  it("is whole for each of two commands that build it at once", async () => {
    const all = await Promise.all([start(), start(), start()]);
    expect(all).toEqual(Array(3).fill({ word: "first", stderr: "" }));
    expect(await bundles()).toHaveLength(1);
  });

  it.each([
    ["a program is missing", async (folder: string) => rm(join(folder, "one.js"))],
    ["a program is cut short", async (folder: string) => writeFile(join(folder, "one.js"), "exp")],
    ["the folder is missing", async (folder: string) => rm(folder, { recursive: true })],
    [
      "the manifest is cut short",
      async (folder: string) => writeFile(join(folder, "../current.json"), '{"name":'),
    ],
  ])("is built again when %s", async (_, damage) => {
    await start();
    const [name = ""] = await bundles();
    await damage(join(root, ".sse-lab", "bundle", name));
    expect(await start()).toEqual({ word: "first", stderr: "" });
    expect(await bundles()).toEqual([name]);
  });

  it("leaves nothing of a build that was killed", async () => {
    // No process has this number: it is above every limit of the kernel.
    await mkdir(
      join(root, ".sse-lab", "bundle", `new-${userName().replace(/^\d+/, "99999999")}-1`),
      { recursive: true },
    );
    await start();
    expect((await bundles()).filter((name) => name.startsWith("new-"))).toEqual([]);
  });

  it("is not needed: without a writable folder the sources run, and one line says so", async () => {
    await writeFile(join(root, ".sse-lab"), "a file, where a folder cannot be made");
    const { word, stderr } = await start();
    expect(word).toBe("first");
    expect(stderr).toMatch(
      /^sse-lab: running from the sources, which is slower: .*(EEXIST|ENOTDIR).*\n$/,
    );
  });

  it("shows positions in the sources when SSE_LAB_DEBUG is set", async () => {
    await source("shared.ts", "\n\nexport const word = String(new Error().stack);");
    const { word } = await start({ SSE_LAB_DEBUG: "1" });
    expect(word).toContain(`${join(root, "shared.ts")}:3:`);
  });
});
