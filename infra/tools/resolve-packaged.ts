/**
 * A tool that no wheel is pinned of: setting, PATH, cache, the distribution's own package, in this
 * order.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import semver from "semver";
import {
  fetchDebianPackage,
  unpackedProgram,
  whyNoApt,
  type DebianPackage,
} from "./fetch-debian-package.ts";
import type { FetchOptions } from "./fetch-tool.ts";
import { readVersion } from "./find-installed.ts";
import { locateInstalled, type ResolvedTool, type ToolInspection } from "./located-tool.ts";
import type { Tool } from "./tool.ts";
import { toolsFolder } from "./cached-tool.ts";
import { checkCache } from "../../common/files/download-cache.ts";
import { UserError } from "../../common/user-error.ts";

/**
 * Libraries of one release of a distribution do not fit another, so each has a folder of its own.
 */
const releaseName = async (): Promise<string> => {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const field = (name: string): string =>
    new RegExp(`^${name}="?([^"\n]*)`, "m").exec(text)?.[1] ?? "";
  return `${field("ID")}${field("VERSION_ID")}` || "linux";
};

/** Where the package of this release of the distribution is unpacked. */
export const packageFolder = async (
  wanted: DebianPackage,
  env: NodeJS.ProcessEnv,
): Promise<string> =>
  join(toolsFolder(env), `${wanted.name}-${await releaseName()}-${process.arch}`);

const howToGet = (tool: Tool): string =>
  `${tool.install}, or set ${tool.setting} to the path of ${tool.title} ${tool.minimum} or newer`;

const notInstalled = (tool: Tool, skipped: readonly string[], why: string): UserError => {
  const places = ["on PATH", ...tool.folders.map((folder) => `in ${folder}`)].join(" nor ");
  const passedOver = skipped.map((one) => `; passed over: ${one}`).join("");
  return new UserError(
    `${tool.title} is not ${places}, and cannot be fetched: ${why}${passedOver}`,
    howToGet(tool),
  );
};

const unpackedTool = async (
  tool: Tool,
  wanted: DebianPackage,
  folder: string,
  found: Pick<ResolvedTool, "source" | "skipped">,
): Promise<ResolvedTool | undefined> => {
  const program = await unpackedProgram(wanted, folder);
  if (!program) return undefined;
  let version: string;
  try {
    version = await readVersion(tool, program.path, program.env);
  } catch (error) {
    const problem = `${program.path} ${error instanceof Error ? error.message : String(error)}`;
    throw new UserError(problem, `remove ${folder}; the next run fetches it again`);
  }
  if (semver.lt(version, tool.minimum)) {
    // Fetched again it would be the same one.
    const problem =
      `${program.path}, the distribution's package ${wanted.name}, is version ${version}, ` +
      `older than ${tool.minimum}`;
    throw new UserError(
      problem,
      `set ${tool.setting} to the path of ${tool.title} ${tool.minimum} or newer; when the ` +
        `distribution has a newer package, remove ${folder} and it is fetched again`,
    );
  }
  return { name: tool.name, ...program, version, ...found };
};

/** @throws UserError with one line: what is missing or wrong, and the fix */
export const resolvePackaged = async (
  tool: Tool,
  wanted: DebianPackage,
  options: FetchOptions,
): Promise<ResolvedTool> => {
  const { env } = options;
  const { tool: installed, skipped } = await locateInstalled(tool, env);
  if (installed) return installed;
  const folder = await packageFolder(wanted, env);
  const cached = await unpackedTool(tool, wanted, folder, { source: "cache", skipped });
  if (cached) return cached;
  const reason = await whyNoApt(env);
  if (reason !== undefined) throw notInstalled(tool, skipped, reason);
  options.onStep?.(
    `fetching ${tool.title} as the distribution's package (once; kept in ${folder})`,
  );
  try {
    await fetchDebianPackage(wanted, folder, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw notInstalled(tool, skipped, error instanceof Error ? error.message : String(error));
  }
  const fetched = await unpackedTool(tool, wanted, folder, { source: "fetched", skipped });
  if (fetched) return fetched;
  throw new UserError(`${folder} vanished while it was fetched`, "run the command again");
};

/** What `resolvePackaged` would do. @throws UserError as it does */
export const inspectPackaged = async (
  tool: Tool,
  wanted: DebianPackage,
  env: NodeJS.ProcessEnv,
): Promise<ToolInspection> => {
  const { tool: installed, skipped } = await locateInstalled(tool, env);
  if (installed) return { state: "found", tool: installed };
  const folder = await packageFolder(wanted, env);
  const cached = await unpackedTool(tool, wanted, folder, { source: "cache", skipped });
  if (cached) return { state: "found", tool: cached };
  const reason = await whyNoApt(env);
  if (reason !== undefined) throw notInstalled(tool, skipped, reason);
  checkCache(env);
  return {
    state: "will-fetch",
    what: `the distribution's package ${wanted.name}`,
    folder,
    skipped,
  };
};
