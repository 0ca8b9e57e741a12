import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bundleScript } from "../harness/load/k6/scripts/bundle-scripts.ts";
import { MODULES } from "../standins/k6/modules/modules.ts";
import { breachesOf } from "./test-support/script-rules.ts";

const folder = import.meta.dirname;
const modules = Object.keys(MODULES);

const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
  (file) =>
    file.endsWith(".ts") &&
    !/(\.test|\.d)\.ts$/.test(file) &&
    !/^(k6-double|test-support)|\/test-support\//.test(file),
);

describe("the sources of the scripts", () => {
  it.each(sources)("%s keeps the rules", (file) => {
    expect(breachesOf(file, readFileSync(join(folder, file), "utf8"), modules)).toEqual([]);
  });

  it("of SSE wait for nothing at all once they are bundled: their VU is blocked by the stream", async () => {
    const out = await mkdtemp(join(tmpdir(), "rules-"));
    try {
      const bundle = await readFile(await bundleScript("sse", out), "utf8");
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
    ['import browser from "k6/browser";', ["x.ts:1: no module of k6: k6/browser"]],
    ['export { a } from "./a";', ["x.ts:1: ./a has no file extension"]],
    ['const a = () => import("./a.ts");', ["x.ts:1: import() loads nothing in a bundle"]],
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
