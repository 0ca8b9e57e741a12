/** Looks for a tool that the user has: by the setting, then on PATH. */
import { delimiter } from "node:path";
import { execa } from "execa";
import semver from "semver";
import which from "which";
import type { Tool } from "./tool.ts";
import { reasonOf, UserError } from "../../common/user-error.ts";

export interface InstalledTool {
  path: string;
  version: string;
}

/**
 * Runs the binary and reads its version. Rejects with one line when it does not run or says no
 * version.
 */
export const readVersion = async (
  tool: Tool,
  path: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const result = await execa(path, tool.versionArgs, {
    env,
    reject: false,
    timeout: 10_000,
    all: true,
  });
  const version = tool.versionPattern.exec(result.all)?.[1];
  if (version !== undefined) return version;
  if (result.failed)
    throw new Error(`does not run (${result.shortMessage?.split("\n")[0] ?? "no reason given"})`);
  throw new Error(`does not say a version of ${tool.title}`);
};

const suitable = async (tool: Tool, path: string): Promise<InstalledTool> => {
  const version = await readVersion(tool, path);
  if (semver.lt(version, tool.minimum))
    throw new Error(`is version ${version}, older than ${tool.minimum}`);
  return { path, version };
};

/**
 * @throws UserError when the setting is there and names nothing that will do: a setting is never
 *   passed over
 */
export const findBySetting = async (
  tool: Tool,
  env: NodeJS.ProcessEnv,
): Promise<InstalledTool | undefined> => {
  const path = env[tool.setting];
  if (path === undefined || path === "") return undefined;
  try {
    return await suitable(tool, path);
  } catch (error) {
    const fix = `point ${tool.setting} to a ${tool.title} ${tool.minimum} or newer, or unset it`;
    throw new UserError(`${tool.setting}=${path} ${reasonOf(error)}`, fix);
  }
};

/**
 * The first one on PATH, or in the tool's own folders, that will do. Those that will not are named
 * in `skipped`, with the reason.
 */
export const findOnPath = async (
  tool: Tool,
  env: NodeJS.ProcessEnv,
): Promise<{ found?: InstalledTool; skipped: string[] }> => {
  const skipped: string[] = [];
  const path = [env["PATH"] ?? "", ...tool.folders]
    .filter((folder) => folder !== "")
    .join(delimiter);
  for (const command of tool.commands) {
    // An empty path option would make `which` fall back to this process's own PATH.
    const files = path === "" ? null : await which(command, { all: true, nothrow: true, path });
    for (const file of new Set(files ?? [])) {
      try {
        return { found: await suitable(tool, file), skipped };
      } catch (error) {
        skipped.push(`${file} ${reasonOf(error)}`);
      }
    }
  }
  return { skipped };
};
