/**
 * `tsx server/bundle.ts FILE` writes the server as one file: what the container image's build runs.
 */
import { buildServer } from "./build.ts";

const [outFile] = process.argv.slice(2);
if (!outFile?.endsWith(".mjs")) {
  process.stderr.write("usage: tsx server/bundle.ts FILE (ending in .mjs)\n");
  process.exit(2);
}
await buildServer(outFile);
