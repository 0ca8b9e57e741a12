import { cpSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { fromRoot, PROJECT_ROOT } from "../../../common/paths.ts";

/**
 * A copy of this checkout's files in a new folder, with a link to its packages. Commands there have
 * deployments that `sse-lab down` here does not touch.
 */
export async function copyOfCheckout(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "sse-lab-copy-"));
  const list = ["-C", PROJECT_ROOT, "ls-files", "-co", "--exclude-standard"];
  for (const file of (await execa("git", list)).stdout.split("\n"))
    cpSync(fromRoot(file), join(folder, file), { recursive: true });
  symlinkSync(fromRoot("node_modules"), join(folder, "node_modules"));
  return folder;
}
