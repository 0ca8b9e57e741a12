import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Version of the lab, and so of what it brings along itself. */
export async function labVersion(): Promise<string> {
  const path = join(import.meta.dirname, "..", "..", "package.json");
  const manifest = JSON.parse(await readFile(path, "utf8")) as { version: string };
  return manifest.version;
}
