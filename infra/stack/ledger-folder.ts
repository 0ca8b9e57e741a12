/** The host folder that gets a stack's ledgers. */
import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fromRoot } from "../../common/paths.ts";

const LEDGERS = fromRoot(".sse-lab", "ledgers");

export const ledgerFolderOf = (stack: string): string => join(LEDGERS, stack);

/**
 * Each instance is a user of its own, and none of them is this one: so the folder is everybody's, and the one around it keeps other
 * users of this host out. A mount needs it before `up`.
 */
export const makeLedgerFolder = (folder: string, ledgers = LEDGERS): void => {
  const around = dirname(folder);
  mkdirSync(around, { recursive: true, mode: 0o700 });
  // Any other folder that was there already is its owner's business.
  if (around === ledgers) chmodSync(around, 0o700);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777);
};
