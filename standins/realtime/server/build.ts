import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const entryPoint = fileURLToPath(new URL("main.ts", import.meta.url));
const projectRoot = fileURLToPath(new URL("../../..", import.meta.url));

/** Bundles the stand-in with all it depends on into one ES module, `outFile` (ends in `.mjs`), for plain `node`. */
export async function buildStandIn(outFile: string): Promise<void> {
  await build({
    entryPoints: [entryPoint],
    // Paths in the bundle's comments count from here: the same sources give the same bytes, wherever a command is started.
    absWorkingDir: projectRoot,
    outfile: outFile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "silent",
    // CommonJS dependencies call require() for Node's own modules, which an ES module does not have.
    banner: {
      js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);',
    },
  });
}
