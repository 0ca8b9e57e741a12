import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseManifest } from "../summary/manifest.ts";
import { parseSummary } from "../summary/summary.ts";
import { makeManifest, makeRun, makeSummary } from "../test-support.ts";
import { writeManifest, writeResults } from "./write-results.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "write-results-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const instances = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { first: 1, last: 2 }]));

describe("writeResults", () => {
  it("writes files that read back unchanged, and no other files", async () => {
    const summary = makeSummary([makeRun()]);
    const dir = join(root, "not", "there", "yet");
    await writeManifest(dir, makeManifest(summary));
    await writeResults(dir, summary, makeManifest(summary));
    expect((await readdir(dir)).sort()).toEqual([
      "junit.xml",
      "manifest.json",
      "report.md",
      "summary.json",
    ]);
    expect(parseSummary(JSON.parse(await readFile(join(dir, "summary.json"), "utf8")))).toEqual(
      summary,
    );
    expect(parseManifest(JSON.parse(await readFile(join(dir, "manifest.json"), "utf8")))).toEqual(
      makeManifest(summary),
    );
  });

  it("writes the same bytes for any order of keys", async () => {
    const write = async (name: string, ...order: string[]): Promise<string> => {
      const run = makeRun({ sessionsPerInstance: instances(...order) });
      const { runs, ...rest } = makeSummary([
        Object.fromEntries(Object.entries(run).reverse()) as unknown as typeof run,
      ]);
      const summary = { runs, ...rest };
      await writeResults(join(root, name), summary, makeManifest(summary));
      return readFile(join(root, name, "summary.json"), "utf8");
    };
    const text = await write("a", "server-10", "server-2");
    expect(await write("b", "server-2", "server-10")).toBe(text);
    expect(text).toMatch(/^\{\n {2}"schemaVersion": 1,\n {2}"startedAt"/);
    expect(text.indexOf("server-2")).toBeLessThan(text.indexOf("server-10"));
  });

  it("writes nothing if the summary contradicts itself", async () => {
    const summary = makeSummary([{ ...makeRun(), due: 1 }]);
    await writeFile(join(root, "summary.json"), "before");
    await expect(writeResults(root, summary, makeManifest(summary))).rejects.toThrow(/due is 1/);
    expect(await readdir(root)).toEqual(["summary.json"]);
    expect(await readFile(join(root, "summary.json"), "utf8")).toBe("before");
  });

  it("removes its temporary file if it cannot replace a file", async () => {
    const summary = makeSummary([makeRun()]);
    await writeFile(join(root, "taken"), "");
    await expect(writeResults(join(root, "taken"), summary, makeManifest(summary))).rejects.toThrow(
      /taken/,
    );
    await writeManifest(join(root, "summary.json"), makeManifest(summary));
    await expect(writeResults(root, summary, makeManifest(summary))).rejects.toThrow(
      /EISDIR|ENOTEMPTY|EEXIST/,
    );
    expect((await readdir(root)).sort()).toEqual(["summary.json", "taken"]);
  });
});

describe("parseManifest", () => {
  it("names the field at fault", () => {
    const manifest = makeManifest(makeSummary([]));
    expect(() => parseManifest({ ...manifest, colour: 1 })).toThrow(/"colour"/);
    expect(() => parseManifest({ ...manifest, versions: { node: "20" } })).toThrow(/versions.lab/);
    expect(parseManifest({ ...manifest, commit: null }).commit).toBeNull();
  });
});
