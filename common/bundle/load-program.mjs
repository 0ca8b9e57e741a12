// Loads a program of the lab: from the bundle, or else, more slowly, from the sources.
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { currentBundle } from "./current-bundle.mjs";
import { PROGRAMS } from "./programs.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** @returns the exports of the program's module */
export async function loadProgram(name, root = ROOT, programs = PROGRAMS) {
  let bundle;
  try {
    bundle = await currentBundle(root, programs);
  } catch (error) {
    const [reason] = error.message.split("\n");
    process.stderr.write(
      `sse-lab: running from the sources, which is slower: no bundle can be made (${reason})\n`,
    );
    const { register } = await import("tsx/esm/api");
    register();
    return import(pathToFileURL(join(root, programs[name])).href);
  }
  // Loading the maps takes time, so only those who look at stacks pay for it.
  if (process.env.SSE_LAB_DEBUG !== undefined) process.setSourceMapsEnabled(true);
  return import(pathToFileURL(join(bundle, `${name}.js`)).href);
}
