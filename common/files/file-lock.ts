/** A lock file that dies with its owner. */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { parseJson } from "../portable/parse-json.ts";
import { isRunning, thisProcess, type ProcessIdentity } from "../processes/process-identity.ts";
import { UserError } from "../user-error.ts";

/** A lock without a readable owner is being written, unless it is older than this. */
const WRITE_MS = 5000;

const removeIfStale = async (path: string): Promise<void> => {
  const [text, found] = await Promise.all([
    readFile(path, "utf8").catch(() => undefined),
    stat(path).catch(() => undefined),
  ]);
  if (text === undefined || !found) return;
  const owner = parseJson(text) as Partial<ProcessIdentity> | undefined;
  const ownerLives =
    owner?.pid === undefined || owner.startTime === undefined
      ? Date.now() - found.mtimeMs < WRITE_MS
      : isRunning({ pid: owner.pid, startTime: owner.startTime });
  if (ownerLives) return;
  // Moved first: of two processes that find it stale, one gets it. If the file belongs to a new
  // owner by now, two processes hold the lock. That is rare, and what the locks guard appears by
  // one rename.
  const moved = `${path}.${randomUUID()}`;
  await rename(path, moved).then(
    () => rm(moved, { force: true }),
    () => undefined,
  );
};

/**
 * Takes the lock. Returns the function that releases it, or undefined while another owner has it.
 */
export const takeLock = async (path: string): Promise<(() => Promise<void>) | undefined> => {
  const owner = JSON.stringify({ ...thisProcess(), id: randomUUID() });
  try {
    await writeFile(path, owner, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await removeIfStale(path);
    return undefined;
  }
  return async () => {
    const now = await readFile(path, "utf8").catch(() => undefined);
    if (now === owner) await rm(path, { force: true });
  };
};

/**
 * Runs `action` under the lock. For actions of milliseconds: it waits at most 15 s.
 *
 * @throws UserError when another process keeps the lock; the error of `action`
 */
export const withLock = async <T>(
  path: string,
  action: () => T | Promise<T>,
  { waitMs = 15_000, pollMs = 10 } = {},
): Promise<T> => {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const release = await takeLock(path);
    if (release) {
      try {
        return await action();
      } finally {
        await release();
      }
    }
    if (performance.now() > deadline) {
      const problem = `${path} has been held for ${waitMs / 1000} s`;
      throw new UserError(problem, "remove it if no other command runs");
    }
    await delay(pollMs);
  }
};
