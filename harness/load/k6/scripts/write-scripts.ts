/**
 * `tsx harness/load/k6/scripts/write-scripts.ts FOLDER` writes the k6 scripts there, each as one
 * file for any machine that has k6.
 */
import { mkdir } from "node:fs/promises";
import { bundleScript, SCRIPTS } from "./bundle-scripts.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("usage: tsx harness/load/k6/scripts/write-scripts.ts FOLDER\n");
  process.exit(2);
}
await mkdir(folder, { recursive: true });
for (const script of SCRIPTS) process.stdout.write(`${await bundleScript(script, folder)}\n`);
