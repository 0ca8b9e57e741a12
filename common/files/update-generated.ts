import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fromRoot } from "../paths.ts";

/**
 * Brings a generated file up to date. With `--check` on the command line it only compares, and
 * exits 1 if the file differs. Any error is printed and exits 2.
 * @param path of the file, relative to the checkout's root
 * @param script that regenerates it, for the message
 * @param generate returns the new text, given the old one
 */
export async function updateGenerated(
  path: string,
  script: string,
  generate: (before: string) => string | Promise<string>,
): Promise<void> {
  try {
    const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
    const before = existsSync(fromRoot(path)) ? readFileSync(fromRoot(path), "utf8") : "";
    const after = await generate(before);
    if (!values.check) writeFileSync(fromRoot(path), after);
    else if (before !== after) {
      console.error(`${path} is out of date: run npx tsx ${script}`);
      process.exitCode = 1;
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
