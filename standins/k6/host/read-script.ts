import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build, transform } from "esbuild";

import type { ScriptFile } from "../protocol.ts";
import { EXIT, ExitError } from "./exit-codes.ts";

/**
 * Reads a script and all that it imports by relative paths. As k6 does, it strips the types of
 * `.ts` files and changes nothing else; it looks for no package.
 *
 * @throws {@link ExitError} 255 for a missing script, 107 for a missing import or bad syntax
 */
export async function readScript(path: string): Promise<ScriptFile> {
  try {
    readFileSync(path);
  } catch {
    throw new ExitError(
      `The moduleSpecifier "${path}" couldn't be found on local disk`,
      EXIT.usage,
    );
  }
  // The bundle itself is not used: it tells the files, and what is wrong with them.
  const { metafile } = await build({
    entryPoints: [path],
    bundle: true,
    packages: "external",
    format: "esm",
    write: false,
    metafile: true,
    logLevel: "silent",
  }).catch((error: unknown) => {
    throw new ExitError((error as Error).message, EXIT.scriptException);
  });
  const sources: Record<string, string> = {};
  for (const input of Object.keys(metafile.inputs)) {
    const file = resolve(input);
    const text = readFileSync(file, "utf8");
    sources[file] = file.endsWith(".ts") ? await withoutTypes(text) : text;
  }
  return { path, sources };
}

const withoutTypes = async (text: string): Promise<string> =>
  (await transform(text, { loader: "ts", target: "esnext" })).code;
