import { fileURLToPath } from "node:url";

import { build } from "esbuild";

/** A VU's thread as one plain script, so that no thread has to compile TypeScript. Made once per run. */
export async function bundleVu(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../vu/vu-main.ts", import.meta.url))],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    minifySyntax: true,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}
