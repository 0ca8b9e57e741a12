/**
 * Locks of a file backend. Pulumi holds one during an operation. A killed Pulumi leaves it, and
 * then every later operation is refused. `pulumi cancel` would also remove locks in use.
 */
import { readFileSync } from "node:fs";
import { readFile, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { isAlive } from "../../../../common/processes/process-identity.ts";
import { UserError } from "../../../../common/user-error.ts";
import { lockFolder } from "./pulumi-backend.ts";

const lockSchema = z.object({
  pid: z.number().int().positive(),
  hostname: z.string(),
  timestamp: z.string(),
});

export interface StackLock {
  path: string;
  pid: number;
  host: string;
  /** ISO 8601. */
  since: string;
}

const POLL_MS = 100;

/** Does a Pulumi have this pid now? Pids are reused. Without /proc any process counts. */
const isPulumi = (pid: number): boolean => {
  if (process.platform !== "linux") return isAlive(pid);
  try {
    // Empty once it has exited, even if its parent has not collected it.
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("pulumi");
  } catch {
    return false;
  }
};

const readLocks = async (folder: string): Promise<StackLock[]> => {
  const names = await readdir(folder).catch(() => []);
  const locks = await Promise.all(
    names
      .filter((name) => name.endsWith(".json"))
      .map(async (name) => {
        const path = join(folder, name);
        try {
          const {
            pid,
            hostname: host,
            timestamp,
          } = lockSchema.parse(JSON.parse(await readFile(path, "utf8")));
          return [{ path, pid, host, since: timestamp }];
        } catch {
          // Released, or being written. Pulumi reports it if it matters.
          return [];
        }
      }),
  );
  return locks.flat();
};

/**
 * Removes the locks of dead processes of this host. Resolves once no lock is left. Rejects if one
 * is held after `waitMs`, and at once for a lock of another host.
 *
 * @throws UserError that names the process
 */
export const releaseStaleLocks = async (
  { backend, project, stack }: { backend: string; project: string; stack: string },
  waitMs: number,
  onStep?: (step: string) => void,
): Promise<void> => {
  const folder = lockFolder(backend, project, stack);
  const deadline = performance.now() + waitMs;
  for (let told = false; ;) {
    const held: StackLock[] = [];
    for (const lock of await readLocks(folder)) {
      if (lock.host !== hostname() || isPulumi(lock.pid)) held.push(lock);
      else {
        onStep?.(`removing the lock that process ${lock.pid} left on ${stack} when it was killed`);
        await rm(lock.path, { force: true });
        await rm(`${lock.path}.attrs`, { force: true });
      }
    }
    const [first] = held;
    if (!first) return;
    if (first.host !== hostname()) {
      throw new UserError(
        `${stack} is locked by process ${first.pid} of host ${first.host}, since ${first.since}`,
        `end it there; if that host is gone, remove ${first.path}`,
      );
    }
    if (performance.now() > deadline) {
      throw new UserError(
        `${stack} is being changed by process ${first.pid}, since ${first.since}`,
        `wait for it or end it (kill -INT ${first.pid})`,
      );
    }
    if (!told) onStep?.(`waiting for process ${first.pid}, which is changing ${stack}`);
    told = true;
    await delay(POLL_MS);
  }
};
