/** Who may change a kept stack: of two commands at the same time exactly one. */
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { StackOwner, StackRecord } from "../../../infra/stack/stack-args.ts";
import {
  defaultRecordsDir,
  readStackRecord,
  stackRecordFile,
  writeStackRecord,
} from "../../../infra/stack/stack-record.ts";
import { takeLock } from "../../../common/file-lock.ts";
import { identityOf, isRunning } from "../../../common/process-identity.ts";
import { UserError } from "../../../common/user-error.ts";

/** Taking hold takes a few milliseconds; a process that was killed within it is given up after 5 s. */
const LOCK_WAIT_MS = 15_000;
const LOCK_POLL_MS = 10;

/** Follows the start time of an owner that has let go: no process has such a one, and the boot that it was of is still told. */
const RELEASED = " released";

/** This process, as records name it. */
export const thisOwner = (): StackOwner => {
  const identity = identityOf(process.pid);
  if (!identity) throw new Error("this process does not find itself in the process table");
  return { host: hostname(), ...identity };
};

const isOwn = ({ owner }: StackRecord): boolean => {
  const { pid, startTime } = thisOwner();
  return owner.pid === pid && owner.startTime === startTime;
};

/**
 * Makes this process the owner of a kept stack, until `letGo`, or until it ends.
 *
 * @throws UserError when a living process has it, or it is not on record any more
 */
export const holdStack = async (stack: string, recordsDir = defaultRecordsDir): Promise<StackRecord> => {
  const path = `${stackRecordFile(stack, recordsDir)}.lock`;
  const deadline = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    const record = readStackRecord(stack, recordsDir);
    if (!record) throw new UserError(`${stack} is not up any more`, "bring it up with sse-lab up");
    if (isRunning(record.owner)) {
      throw new UserError(
        `${stack} is being changed by process ${record.owner.pid}`,
        "wait for it or end it, then run the command again",
      );
    }
    const unlock = await takeLock(path);
    if (unlock) {
      try {
        // Another one may have been faster.
        const now = readStackRecord(stack, recordsDir);
        if (now && !isRunning(now.owner)) {
          const held = { ...now, owner: thisOwner() };
          writeStackRecord(held, recordsDir);
          return held;
        }
        continue;
      } finally {
        await unlock();
      }
    }
    if (performance.now() > deadline) {
      throw new UserError(
        `${path} has been held for ${LOCK_WAIT_MS / 1000} s`,
        "remove it when no sse-lab command runs",
      );
    }
    await delay(LOCK_POLL_MS);
  }
};

/** Writes what this process knows of its stack. False, and nothing written, where the stack was taken down or is another's by now. */
export const updateRecord = (record: StackRecord, recordsDir = defaultRecordsDir): boolean => {
  const there = readStackRecord(record.stack, recordsDir);
  if (!there || !isOwn(there)) return false;
  writeStackRecord(record, recordsDir);
  return true;
};

/** Leaves it to whoever comes next. */
export const letGo = (record: StackRecord, recordsDir = defaultRecordsDir): void => {
  const owner = { ...record.owner, startTime: `${record.owner.startTime}${RELEASED}` };
  if (updateRecord({ ...record, owner }, recordsDir)) record.owner = owner;
};
