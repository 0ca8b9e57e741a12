/**
 * Where Pulumi looks for plugins, and a Pulumi home of our own for one that isn't the official one.
 */
import { createHash, randomUUID } from "node:crypto";
import { access, constants, mkdir, readlink, rename, stat, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { homeFolder } from "../../common/files/home-folder.ts";
import { DOCKER_PLUGIN, PLUGIN_FOLDER, toolchainFolder } from "./pins.ts";

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The user's own Pulumi folder. */
export const pulumiHome = (env: NodeJS.ProcessEnv): string =>
  env["PULUMI_HOME"] || join(homeFolder("set PULUMI_HOME, or HOME"), ".pulumi");

/** The plugin in the user's Pulumi plugin cache, when it is there as a whole. */
export const installedPlugin = async (env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  const folder = join(pulumiHome(env), "plugins", PLUGIN_FOLDER);
  // Pulumi's own mark of an installation that hasn't ended, or was killed.
  if (await exists(`${folder}.partial`)) return undefined;
  const path = join(folder, DOCKER_PLUGIN.command);
  return access(path, constants.X_OK).then(
    () => path,
    () => undefined,
  );
};

/**
 * The settings with which Pulumi takes the plugin at `path` as an installed one. A plugin on PATH
 * would be taken too, with a warning in each command; one in the user's own plugin folder would be
 * taken by all of the user's projects, which may need what it lacks. A login of the user's stays in
 * force.
 */
export const homeWith = async (
  path: string,
  env: NodeJS.ProcessEnv,
): Promise<Record<string, string>> => {
  const target = resolve(path);
  const key = createHash("sha256").update(target).digest("hex").slice(0, 12);
  const home = join(toolchainFolder(env), `home-${key}`);
  const link = join(home, "plugins", PLUGIN_FOLDER, DOCKER_PLUGIN.command);
  if ((await readlink(link).catch(() => undefined)) !== target) {
    await mkdir(join(link, ".."), { recursive: true });
    const fresh = `${link}.${randomUUID()}`;
    await symlink(target, fresh);
    await rename(fresh, link);
  }
  const users = pulumiHome(env);
  const keepsLogin = !env["PULUMI_CREDENTIALS_PATH"] && (await exists(users));
  return { PULUMI_HOME: home, ...(keepsLogin ? { PULUMI_CREDENTIALS_PATH: users } : {}) };
};
