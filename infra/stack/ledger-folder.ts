/** The host folder that gets a stack's ledgers. */
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { makePrivateFolder } from "../../common/files/private-folder.ts";
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
  // The mode of any other existing folder is left alone.
  if (around === ledgers || !existsSync(around)) makePrivateFolder(around);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777);
};
