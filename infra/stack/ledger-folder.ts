/** The host folder that gets a stack's ledgers. */
import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fromRoot } from "../../common/paths.ts";

const LEDGERS = fromRoot(".sse-lab", "ledgers");

export const ledgerFolderOf = (stack: string): string => join(LEDGERS, stack);

/**
 * Every instance runs as a different user, and none of them is this one. So the folder is writable
 * for all users, and its parent keeps the other users of this host out. A mount needs the folder
 * before `up`.
 */
export const makeLedgerFolder = (folder: string, ledgers = LEDGERS): void => {
  const around = dirname(folder);
  mkdirSync(around, { recursive: true, mode: 0o700 });
  // The mode of any other existing folder is left alone.
  if (around === ledgers) chmodSync(around, 0o700);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777);
};
