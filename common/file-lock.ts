/** A lock file that dies with its owner. */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";

const TOUCH_MS = 5000;
/** An owner that lives touches the file. One that doesn't for this long lost its process id to another process. */
const STALE_MS = 60_000;

/** Is there a process with this id? */
export const isAlive = (pid: number): boolean => {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

const removeIfStale = async (path: string): Promise<void> => {
  const [owner, found] = await Promise.all([
    readFile(path, "utf8").catch(() => undefined),
    stat(path).catch(() => undefined),
  ]);
  if (owner === undefined || !found) return;
  const age = Date.now() - found.mtimeMs;
  const pid = Number.parseInt(owner, 10);
  // Empty for the moment between its creation and the write.
  const ownerLives = Number.isNaN(pid) ? age < TOUCH_MS : isAlive(pid) && age < STALE_MS;
  if (ownerLives) return;
  // Moved first: of two that find it stale, one gets it. Should the file be a new owner's by now, two make the same
  // part at once, which costs time and no more: each part appears by one rename.
  const moved = `${path}.${randomUUID()}`;
  await rename(path, moved).then(
    () => rm(moved, { force: true }),
    () => undefined,
  );
};

/** Takes the lock and gives the function that releases it, or undefined while somebody else holds it. */
export const takeLock = async (path: string): Promise<(() => Promise<void>) | undefined> => {
  const owner = `${process.pid} ${randomUUID()}`;
  try {
    await writeFile(path, owner, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await removeIfStale(path);
    return undefined;
  }
  const touch = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, TOUCH_MS);
  touch.unref();
  return async () => {
    clearInterval(touch);
    if ((await readFile(path, "utf8").catch(() => undefined)) === owner) await rm(path, { force: true });
  };
};
