/** Writes the stand-in as one file for the container image: `tsx .../bundle.ts FILE`. */
import { buildStandIn } from "./build.ts";

const [outFile] = process.argv.slice(2);
if (!outFile?.endsWith(".mjs")) {
  process.stderr.write("usage: tsx standins/realtime/server/bundle.ts FILE (ending in .mjs)\n");
  process.exit(2);
}
await buildStandIn(outFile);
