/** A tool that was found, and the part of finding it that all tools share. */
import { findBySetting, findOnPath } from "./find-installed.ts";
import type { Tool, ToolName } from "./tool.ts";

export interface ResolvedTool {
  name: ToolName;
  path: string;
  version: string;
  source: "setting" | "path" | "cache" | "fetched";
  /** What it has to be started with, beside the usual environment. Empty for most. */
  env: Readonly<Record<string, string>>;
  /** Binaries on PATH that were passed over, each with the reason. */
  skipped: readonly string[];
}

/** What `resolveTool` would do. */
export type ToolInspection =
  | { state: "found"; tool: ResolvedTool }
  /** `what`, for people: version and size, or the name of a package. */
  | { state: "will-fetch"; what: string; folder: string; skipped: readonly string[] }
  | { state: "missing"; problem: string; fix: string };

export interface Located {
  /** Set when it is there already. */
  tool?: ResolvedTool;
  skipped: readonly string[];
}

/** Looks for one that the user has. @throws UserError for a bad setting */
export const locateInstalled = async (tool: Tool, env: NodeJS.ProcessEnv): Promise<Located> => {
  const { name } = tool;
  const bySetting = await findBySetting(tool, env);
  if (bySetting) {
    return { skipped: [], tool: { name, ...bySetting, source: "setting", env: {}, skipped: [] } };
  }
  const { found, skipped } = await findOnPath(tool, env);
  return found
    ? { skipped, tool: { name, ...found, source: "path", env: {}, skipped } }
    : { skipped };
};
