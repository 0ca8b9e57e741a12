import { readFile } from "node:fs/promises";
import { fromRoot } from "./paths.ts";

/** Version of the lab, and so of what it brings along itself. */
export async function labVersion(): Promise<string> {
  const path = fromRoot("package.json");
  const manifest = JSON.parse(await readFile(path, "utf8")) as { version: string };
  return manifest.version;
}
