/** Puts a new stack on record, unless one of that name is there: of two commands at the same time exactly one gets it. */
import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { readStackRecord, stackRecordFile } from "../../../infra/stack/stack-record.ts";
import { UserError } from "../../../common/user-error.ts";

const taken = (stack: string): UserError => {
  const found = readStackRecord(stack);
  if (found === undefined || found.kept) {
    return new UserError(`${stack} is up already`, "use it, or take it down with sse-lab down first");
  }
  return new UserError(
    `${stack} is being brought up by process ${found.owner.pid} of ${found.owner.host}`,
    "wait for it or end it",
  );
};

/** Before anything of the stack exists. @throws UserError when somebody else has that name */
export const claimStack = (record: StackRecord): void => {
  const path = stackRecordFile(record.stack);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.tmp`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  try {
    // link(2), unlike rename(2), refuses a name that is there.
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw taken(record.stack);
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
};
