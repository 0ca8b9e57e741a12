import { mkdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { defaultRecordsDir, stackRecordFile } from "../stack/stack-record.ts";
import { takeLock } from "../../common/file-lock.ts";
import { UserError } from "../../common/user-error.ts";

/** What is done under it takes milliseconds; the lock of a process that was killed within it is given up at the next try. */
const WAIT_MS = 15_000;
const POLL_MS = 10;

/** The lock under which the harness changes the owner of a stack as well: see `harness/platform/docker/hold-stack.ts`. */
export const withStackLock = async <T>(
  stack: string,
  recordsDir: string = defaultRecordsDir,
  change: () => Promise<T>,
): Promise<T> => {
  mkdirSync(recordsDir, { recursive: true, mode: 0o700 });
  const path = `${stackRecordFile(stack, recordsDir)}.lock`;
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const unlock = await takeLock(path);
    if (unlock) {
      try {
        return await change();
      } finally {
        await unlock();
      }
    }
    if (performance.now() > deadline) {
      throw new UserError(
        `${path} has been held for ${WAIT_MS / 1000} s: remove it when no command changes the stack`,
      );
    }
    await delay(POLL_MS);
  }
};
