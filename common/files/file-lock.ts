/**
 * A lock that dies with its owner. Each process that wants it makes a claim: a file with a name
 * that no other process ever uses. The only living claim holds the lock. So the removal of a dead
 * process's claim never hits that of a living one.
 */
import { randomUUID } from "node:crypto";
import { readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isInSight, isRunning, thisProcess } from "../processes/process-identity.ts";
import { UserError } from "../user-error.ts";

/** In another container a pid tells nothing. There an owner counts as dead after this silence. */
const SILENCE_MS = 60_000;
const SIGN_OF_LIFE_MS = 5_000;

/** Of claims at one time the first in order stays, and looks this often for the others to go. */
const LOOKS = 20;
const LOOK_MS = 2;

const CLAIM = /^(?<pid>\d+)\.(?<startTime>[^.]+)\.[\da-f-]{36}$/;

/** `nowMs`: time by the clock of the claims' file system. */
const isLiving = async (claim: string, name: string, nowMs: number): Promise<boolean> => {
  const { pid, startTime = "" } = CLAIM.exec(name)?.groups ?? {};
  const owner = { pid: Number(pid), startTime: decodeURIComponent(startTime) };
  if (isInSight(owner)) return isRunning(owner);
  const found = await stat(claim).catch(() => undefined);
  return found !== undefined && nowMs - found.mtimeMs < SILENCE_MS;
};

/** Names of the living claims. Removes those of dead owners. */
const livingClaims = async (path: string, nowMs: number): Promise<string[]> => {
  const prefix = `${basename(path)}.`;
  const living: string[] = [];
  for (const file of await readdir(dirname(path))) {
    const name = file.slice(prefix.length);
    if (!file.startsWith(prefix) || !CLAIM.test(name)) continue;
    const claim = join(dirname(path), file);
    if (await isLiving(claim, name, nowMs)) living.push(name);
    else await rm(claim, { force: true });
  }
  return living;
};

/** Does the claim become the only living one? */
const prevails = async (path: string, own: string, nowMs: number): Promise<boolean> => {
  for (let look = 1; look <= LOOKS; look += 1) {
    const others = (await livingClaims(path, nowMs)).filter((name) => name !== own);
    if (others.length === 0) return true;
    if (others.some((name) => name < own)) return false;
    await delay(LOOK_MS);
  }
  return false;
};

/**
 * Takes the lock. Returns the function that releases it, or undefined while another owner has it.
 */
export const takeLock = async (path: string): Promise<(() => Promise<void>) | undefined> => {
  // Who waits must not keep others from getting it.
  if ((await livingClaims(path, Date.now())).length > 0) return undefined;
  const { pid, startTime } = thisProcess();
  const own = `${pid}.${encodeURIComponent(startTime)}.${randomUUID()}`;
  const claim = `${path}.${own}`;
  await writeFile(claim, "", { flag: "wx" });
  const { mtimeMs } = await stat(claim);
  if (!(await prevails(path, own, mtimeMs))) {
    await rm(claim, { force: true });
    return undefined;
  }
  const signs = setInterval(() => {
    const now = new Date();
    void utimes(claim, now, now).catch(() => undefined);
  }, SIGN_OF_LIFE_MS).unref();
  return async () => {
    clearInterval(signs);
    await rm(claim, { force: true });
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
      throw new UserError(
        `${path} has been held for ${waitMs / 1000} s`,
        `remove ${path}.* if no other command runs`,
      );
    }
    await delay(pollMs * (0.5 + Math.random()));
  }
};
