import { dirname, join } from "node:path";
import { fromRoot, PROJECT_ROOT } from "../paths.ts";
import type * as Finder from "./current-bundle.mjs";
import type { PROGRAMS } from "./programs.mjs";

const BUNDLES = fromRoot(".sse-lab/bundle");

/** The bundle that this code runs from; undefined when it runs from the sources, as in tests. */
const ownBundle = dirname(import.meta.dirname) === BUNDLES ? import.meta.dirname : undefined;

let sourcesBundle: Promise<string> | undefined;

async function bundleOfSources(): Promise<string> {
  // The name is computed so that no bundler takes the builder into its bundle.
  const finder = fromRoot("common/bundle/current-bundle.mjs");
  const { currentBundle } = (await import(finder)) as typeof Finder;
  return currentBundle(PROJECT_ROOT);
}

/**
 * The JavaScript file of a program that the lab starts as a thread or a process.
 *
 * @throws Error when the bundle must be built first, and cannot be
 */
export async function bundledProgram(name: keyof typeof PROGRAMS): Promise<string> {
  const folder = ownBundle ?? (await (sourcesBundle ??= bundleOfSources()));
  return join(folder, `${name}.js`);
}
