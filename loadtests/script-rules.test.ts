import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { fromRoot, PROJECT_ROOT } from "../common/paths.ts";
import { bundleScript, SCRIPTS } from "../harness/load/k6/scripts/bundle-scripts.ts";
import { MODULES } from "../standins/k6/modules/modules.ts";
import { breachesOf } from "./test-support/script-rules.ts";

const modules = Object.keys(MODULES);
const entryPoints = [...SCRIPTS, "plain-sse"].map((name) => `loadtests/${name}.ts`);

/** Every file that k6 loads for a script: it takes the sources as they are, without a bundle. */
const { metafile } = await build({
  entryPoints,
  absWorkingDir: PROJECT_ROOT,
  outdir: "unwritten",
  bundle: true,
  packages: "external",
  format: "esm",
  write: false,
  metafile: true,
});

describe("the sources of the scripts", () => {
  it.each(Object.keys(metafile.inputs))("%s is what k6 takes without a bundle", (file) => {
    expect(breachesOf(file, readFileSync(fromRoot(file), "utf8"), modules)).toEqual([]);
  });

  it.each(entryPoints.filter((file) => !file.includes("realtime")))(
    "%s names the extension that it needs in its first line",
    (file) => {
      expect(readFileSync(fromRoot(file), "utf8")).toMatch(/^"use k6 with k6\/x\/sse";\n/);
    },
  );

  it("of SSE wait for nothing at all once they are bundled: their VU is blocked by the stream", async () => {
    const out = await mkdtemp(join(tmpdir(), "rules-"));
    try {
      const bundle = await readFile(await bundleScript("sse", out), "utf8");
      expect(bundle).toMatch(/^"use k6 with k6\/x\/sse";\n/);
      const code = bundle.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      expect(code).not.toMatch(/\basync\b|\bawait\b|\bPromise\b|\.then\(/);
    } finally {
      await rm(out, { recursive: true });
    }
  });
});

describe("the rules", () => {
  it.each([
    ['import http from "k6/http";\nimport { a } from "./a.ts";', []],
    ['import type { Options } from "k6/options";', []],
    ['import { readFile } from "node:fs";', ["x.ts:1: no module of k6: node:fs"]],
    ['import { uniformInt } from "pure-rand";', ["x.ts:1: no module of k6: pure-rand"]],
    ['import browser from "k6/browser";', ["x.ts:1: no module of k6: k6/browser"]],
    ['export { a } from "./a";', ["x.ts:1: ./a has no file extension"]],
    ['const a = () => import("./a.ts");', ["x.ts:1: import() loads nothing in a bundle"]],
    ["let a = b ?? c;\na ??= b;", ["x.ts:2: k6 does not know a ??= b"]],
    [
      "const a = /(?<=b)c/;",
      ["x.ts:1: k6 does not know look-behind and the flag v in a regular expression"],
    ],
    ["const a = /(?<name>b)/giu;", []],
    ["async function* a() {}", ["x.ts:1: k6 does not know async generators"]],
    ["const f = function* () {};", []],
    [
      "sse.open(url, {}, async (client) => {\n  await later();\n});",
      [
        "x.ts:1: nobody awaits what this callback does later",
        "x.ts:2: nobody awaits what this callback does later",
      ],
    ],
    [
      'client.on("event", () => {\n  const later = async () => 1;\n});',
      ["x.ts:2: nobody awaits what this callback does later"],
    ],
    ["const f = async () => {\n  await g();\n};", []],
  ])("see in %j what k6 would not take", (source, expected) => {
    expect(breachesOf("x.ts", source, modules)).toEqual(expected);
  });
});
