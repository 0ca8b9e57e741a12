import { fromRoot } from "../../../../common/paths.ts";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bundleForK6, bundleScript, SCRIPTS } from "./bundle-scripts.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bundle-"));
});
afterEach(() => rm(folder, { recursive: true }));

it.each(SCRIPTS)(
  "%s becomes one ASCII file that needs k6's modules only, the same every time",
  async (script) => {
    const text = await readFile(await bundleScript(script, folder), "utf8");
    const again = join(folder, "again");
    await mkdir(again);
    expect(await readFile(await bundleScript(script, again), "utf8")).toBe(text);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    const imported = [...text.matchAll(/^import .* from "(.*)";$/gm)].map(([, path = ""]) => path);
    expect(imported).not.toEqual([]);
    expect(imported.filter((path) => !/^k6($|\/)/.test(path))).toEqual([]);
    expect(text).not.toMatch(/\?\?=|\|\|=|&&=/);
  },
);

it.each([
  ['import { readFile } from "node:fs"; export default () => readFile;', "imports node:fs"],
  ["export default () => new URL('http://host');", "uses URL, which k6 does not have"],
  ["export default () => setTimeout(() => {}, 1);", "uses setTimeout"],
  ["export default () => process.env;", "uses process"],
])("is refused: %s", async (source, problem) => {
  const entry = join(folder, "script.ts");
  await writeFile(entry, source);
  await expect(bundleForK6(entry, join(folder, "out.js"))).rejects.toThrow(problem);
});

it("a name of the script's own is no global", async () => {
  const entry = join(folder, "script.ts");
  await writeFile(entry, "const URL = (text: string) => text; export default () => URL('x');");
  await bundleForK6(entry, join(folder, "out.js"));
});

it("is refused with a package that is not needed", async () => {
  const entry = join(folder, "script.ts");
  const zod = fromRoot("node_modules/zod/index.js");
  await writeFile(
    entry,
    `import { z } from ${JSON.stringify(zod)}; export default () => z.string();`,
  );
  await expect(bundleForK6(entry, join(folder, "out.js"))).rejects.toThrow("holds the package zod");
});
