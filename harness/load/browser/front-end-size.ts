import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { build } from "esbuild";
import { fromRoot } from "../../../common/paths.ts";
import type { RealtimeFacts } from "../../history/observation.ts";

export type FrontEndSize = RealtimeFacts["frontEnd"];

const PAGE = fromRoot("harness/load/browser/browser-entry.ts");

/**
 * Bundles a module as a page would ship it (one minified ES module for today's browsers) and weighs
 * it.
 * @param entry default: everything that a page needs to follow a session over Supabase Realtime
 * @throws Error of esbuild when the module cannot be bundled for a browser
 */
export const measureFrontEnd = async (entry: string = PAGE): Promise<FrontEndSize> => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    write: false,
    logLevel: "silent",
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  const gzipped = await promisify(gzip)(code, { level: 9 });
  return { minifiedBytes: code.byteLength, gzippedBytes: gzipped.byteLength };
};
