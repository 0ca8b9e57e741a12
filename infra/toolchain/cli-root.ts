import { createHash, randomUUID } from "node:crypto";
import { mkdir, readlink, rename, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { toolchainFolder } from "./pins.ts";

/** A folder that holds this CLI as `bin/pulumi`: its own, or one of ours with a link to it. */
export const cliRoot = async (pulumi: string, env: NodeJS.ProcessEnv): Promise<string> => {
  const folder = dirname(pulumi);
  if (basename(pulumi) === "pulumi" && basename(folder) === "bin") return dirname(folder);
  const key = createHash("sha256").update(pulumi).digest("hex").slice(0, 12);
  const root = join(toolchainFolder(env), `root-${key}`);
  const link = join(root, "bin", "pulumi");
  if ((await readlink(link).catch(() => undefined)) !== pulumi) {
    await mkdir(dirname(link), { recursive: true });
    const fresh = `${link}.${randomUUID()}`;
    await symlink(pulumi, fresh);
    await rename(fresh, link);
  }
  return root;
};
