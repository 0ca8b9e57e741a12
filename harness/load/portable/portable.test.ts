import { readdirSync } from "node:fs";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { fromRoot, PROJECT_ROOT } from "../../../common/paths.ts";

const FOLDERS = [
  "common/portable",
  "harness/load/portable",
  "harness/checker/judge",
  "harness/checker/records",
];
/** Plain data that portable code reads. */
const DATA = [
  "server/src/contract/",
  "harness/history/observation.ts",
  "harness/history/bounce-kinds.ts",
  "harness/history/causes.ts",
  "harness/nemesis/kinds.ts",
  "harness/checker/thresholds.ts",
];

const entryPoints = FOLDERS.flatMap((folder) =>
  readdirSync(fromRoot(folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.test\.ts$|test-support/.test(file))
    .map((file) => `${folder}/${file}`),
);

test("portable code runs only portable code", async () => {
  const { metafile } = await build({
    entryPoints,
    absWorkingDir: PROJECT_ROOT,
    outdir: "unwritten",
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    external: ["node:*"],
    write: false,
    metafile: true,
  });
  const allowed = [...FOLDERS.map((folder) => `${folder}/`), ...DATA];
  const foreign = Object.keys(metafile.inputs).filter(
    (file) => !allowed.some((start) => file.startsWith(start)),
  );
  const external = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter((imported) => imported.external).map(({ path }) => path),
  );
  expect({ foreign, external }).toEqual({ foreign: [], external: [] });
  expect(entryPoints.length).toBeGreaterThan(FOLDERS.length);
});
