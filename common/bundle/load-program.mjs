// Loads a program of the lab: from the bundle, or else, more slowly, from the sources.
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { currentBundle, lastBundle } from "./current-bundle.mjs";
import { PROGRAMS } from "./programs.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

async function loadSources(file) {
  const { register } = await import("tsx/esm/api");
  register();
  return import(pathToFileURL(file).href);
}

/** @returns the exports of the program's module */
export async function loadProgram(name, root = ROOT, programs = PROGRAMS) {
  let bundle;
  try {
    bundle = await currentBundle(root, programs);
  } catch (error) {
    const [reason] = error.message.split("\n");
    const sources = await loadSources(join(root, programs[name])).catch(() => undefined);
    bundle = sources ? undefined : lastBundle(root);
    if (!sources && !bundle) {
      throw new Error(`node_modules is missing or broken (${reason}). Fix: run npm ci`);
    }
    const what = sources ? "the sources, which is slower" : "the last bundle (npm ci makes it new)";
    process.stderr.write(`sse-lab: running from ${what}: no bundle can be made (${reason})\n`);
    if (sources) return sources;
  }
  // Loading the maps takes time, so only those who look at stacks pay for it.
  if (process.env.SSE_LAB_DEBUG !== undefined) process.setSourceMapsEnabled(true);
  return import(pathToFileURL(join(bundle, `${name}.js`)).href);
}
