/** The cache of Pulumi's parts: one folder per part, version and platform, complete or not there at all, made once. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { takeLock } from "../../common/file-lock.ts";
import { isAlive } from "../../common/process-identity.ts";

const RECORD_FILE = "sse-lab-tool.json";
/** What was put into the folder, to be compared before use. */
const recordSchema = z.object({ binarySha256: z.string(), binaryBytes: z.number() });

const LOCK_POLL_MS = 250;
const WAIT_STEP_MS = 2000;

export interface CachedPart {
  /** For people. */
  title: string;
  folder: string;
  /** Path of the binary inside the folder. */
  binary: string;
}

export interface MakeOptions {
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** `$SSE_LAB_CACHE/pulumi`, else `$XDG_CACHE_HOME/sse-lab/pulumi`, else `~/.cache/sse-lab/pulumi`. */
export const toolchainFolder = (env: NodeJS.ProcessEnv): string =>
  join(env["SSE_LAB_CACHE"] || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "sse-lab"), "pulumi");

const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
};

/** Size and change time of binaries already found good: hashing 100 MB takes a while, once per process is enough. */
const verified = new Map<string, string>();

/** The part as it is in the cache: good, not there, or there and not what was put there (`problem`). */
export const lookUp = async (part: CachedPart): Promise<{ path?: string; problem?: string }> => {
  const folder = await stat(part.folder).catch(() => undefined);
  if (!folder) return {};
  const path = join(part.folder, part.binary);
  const found = await stat(path).catch(() => undefined);
  if (!found) return { problem: `${path} is missing` };
  const seen = `${found.size} ${found.mtimeMs} ${found.ino}`;
  if (verified.get(path) === seen) return { path };
  const text = await readFile(join(part.folder, RECORD_FILE), "utf8").catch(() => "null");
  const record = recordSchema.safeParse(tryParse(text));
  if (!record.success) return { problem: `${path} has no readable checksum record beside it` };
  if (found.size !== record.data.binaryBytes || (await sha256Of(path)) !== record.data.binarySha256) {
    return { problem: `${path} is not what was put there (its checksum differs)` };
  }
  verified.set(path, seen);
  return { path };
};

const tryParse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** Removes what was left beside `folder` by processes that were killed. Their folders end in `.<pid>-<random>`. */
const removeAbandoned = async (folder: string): Promise<void> => {
  const prefix = `.making-${basename(folder)}.`;
  for (const entry of await readdir(dirname(folder))) {
    if (!entry.startsWith(prefix)) continue;
    if (isAlive(Number.parseInt(entry.slice(prefix.length), 10))) continue;
    await rm(join(dirname(folder), entry), { recursive: true, force: true });
  }
};

const makeNow = async (
  part: CachedPart,
  make: (staged: string, temporary: string) => Promise<void>,
): Promise<void> => {
  await removeAbandoned(part.folder);
  const own = await mkdtemp(join(dirname(part.folder), `.making-${basename(part.folder)}.${process.pid}-`));
  try {
    const [staged, temporary] = [join(own, "staged"), join(own, "tmp")];
    await Promise.all([mkdir(staged), mkdir(temporary)]);
    await make(staged, temporary);
    const binary = join(staged, part.binary);
    const record: z.infer<typeof recordSchema> = {
      binarySha256: await sha256Of(binary),
      binaryBytes: (await stat(binary)).size,
    };
    await writeFile(join(staged, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
    // One rename(2): no kill ever shows a half of it.
    await rename(staged, part.folder);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
};

/**
 * Path of the part's binary in the cache; `make` puts the folder's content into `staged` when it isn't there or is
 * damaged. Of any number of processes that want it at once, one makes it and the others wait for that one.
 */
export const madeOnce = async (
  part: CachedPart,
  make: (staged: string, temporary: string) => Promise<void>,
  { onStep, signal }: MakeOptions,
): Promise<string> => {
  await mkdir(dirname(part.folder), { recursive: true });
  const started = Date.now();
  let nextStep = started;
  for (;;) {
    signal?.throwIfAborted();
    const release = await takeLock(`${part.folder}.lock`);
    if (release) {
      try {
        const { path, problem } = await lookUp(part);
        if (path !== undefined) return path;
        if (problem !== undefined) {
          onStep?.(`${problem}: making it again`);
          await rm(part.folder, { recursive: true, force: true });
        }
        await makeNow(part, make);
      } finally {
        await release();
      }
      continue;
    }
    if (Date.now() >= nextStep) {
      nextStep = Date.now() + WAIT_STEP_MS;
      const seconds = Math.round((Date.now() - started) / 1000);
      onStep?.(`another process is getting ${part.title}: waiting, ${seconds} s`);
    }
    await sleep(LOCK_POLL_MS, undefined, signal ? { signal } : {});
  }
};
