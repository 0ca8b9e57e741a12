/** Bundles each k6 script into one file that k6 runs on any machine, without packages beside it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { PROJECT_ROOT, fromRoot } from "../../../../common/paths.ts";

export const SCRIPTS = ["sse", "realtime"] as const;
export type ScriptName = (typeof SCRIPTS)[number];

/**
 * What Node and browsers have and k6 does not, or not in every version, and timers, which a VU that
 * blocks never sees.
 */
const ABSENT = [
  "AbortController",
  "Buffer",
  "EventSource",
  "TextDecoder",
  "TextEncoder",
  "URL",
  "URLSearchParams",
  "WebSocket",
  "XMLHttpRequest",
  "clearInterval",
  "clearTimeout",
  "crypto",
  "fetch",
  "global",
  "performance",
  "process",
  "queueMicrotask",
  "require",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "structuredClone",
] as const;

const MARK = "$notInK6$";

const PACKAGE = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/;

/**
 * @param folder existing; `<name>.js` is written into it
 * @returns the bundle's path
 * @throws Error that names what of the bundle is not there in k6
 */
export async function bundleScript(script: ScriptName, folder: string): Promise<string> {
  const outfile = join(folder, `${script}.js`);
  await bundleForK6(fromRoot(`loadtests/${script}.ts`), outfile);
  return outfile;
}

/** @throws as {@link bundleScript} */
export async function bundleForK6(entryPoint: string, outfile: string): Promise<void> {
  const { metafile } = await build({
    entryPoints: [entryPoint],
    outfile,
    // The same sources give the same bytes, wherever a command is started.
    absWorkingDir: PROJECT_ROOT,
    bundle: true,
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["import"],
    format: "esm",
    target: "es2022",
    // k6's engine knows classes with private fields, but no `a ??= b`.
    supported: { "logical-assignment": false },
    external: ["k6", "k6/*", "node:*"],
    // Only names that nothing in the bundle declares are replaced: what is left of them afterwards
    // is a use of a global.
    define: Object.fromEntries(ABSENT.map((name) => [name, `${MARK}${name}`])),
    charset: "ascii",
    metafile: true,
    logLevel: "silent",
  });
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.map(({ path }) => path),
  );
  const foreign = imported.filter((path) => path !== "k6" && !path.startsWith("k6/"));
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap((input) => PACKAGE.exec(input)?.[1] ?? []),
  );
  const text = await readFile(outfile, "utf8");
  const problems = [
    ...foreign.map((path) => `imports ${path}`),
    ...[...packages].map((name) => `holds the package ${name}`),
    ...ABSENT.filter((name) => text.includes(`${MARK}${name}`)).map(
      (name) => `uses ${name}, which k6 does not have`,
    ),
  ];
  if (problems.length > 0) throw new Error(`${entryPoint}: the bundle ${problems.join("; it ")}`);
}
