import { fromRoot, PROJECT_ROOT } from "../paths.ts";

/**
 * Bundles a service with all it depends on into one ES module for plain `node`.
 *
 * @param entryPoint relative to the checkout's root
 * @param outFile ends in `.mjs`
 */
export async function bundleService(entryPoint: string, outFile: string): Promise<void> {
  // Loaded here, so that `make down` needs no package.
  const { build } = await import("esbuild");
  await build({
    entryPoints: [fromRoot(entryPoint)],
    // Comments in the bundle name paths relative to this folder. So the same sources give the
    // same bytes in every working directory.
    absWorkingDir: PROJECT_ROOT,
    outfile: outFile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "silent",
    // CommonJS packages call require(), which an ES module does not have.
    banner: {
      js:
        'import { createRequire as $createRequire } from "node:module"; ' +
        "const require = $createRequire(import.meta.url);",
    },
  });
}
