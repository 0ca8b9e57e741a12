/** The host folder that gets a stack's ledgers. */
import { chmodSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

const LEDGERS = resolve(import.meta.dirname, "../.sse-lab/ledgers");

export const ledgerFolderOf = (stack: string): string => join(LEDGERS, stack);

/** Each instance is a user of its own, and none of them is this one: so the folder is everybody's. A mount needs it before `up`. */
export const makeLedgerFolder = (folder: string): void => {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777);
};
