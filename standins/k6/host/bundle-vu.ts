import { build } from "esbuild";
import { fromRoot } from "../../../common/paths.ts";

/** A VU's thread as one plain script, so that no thread has to compile TypeScript. Made once per run. */
export async function bundleVu(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fromRoot("standins/k6/vu/vu-main.ts")],
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
