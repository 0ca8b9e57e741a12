import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { LedgerFile } from "./platform.ts";

/**
 * `<instance>.<pid>.ndjson`, or `<instance>.<pid>-2.ndjson` if an earlier process had the same pid:
 * see `server/src/lib/ledger/ledger.ts`.
 */
const LEDGER_FILE = /^(?<instance>.+?)\.\d+(?:-\d+)?\.ndjson$/;

/** The ledgers in a folder, sorted by name. Empty without a folder. */
export const listLedgers = async (folder: string | undefined): Promise<LedgerFile[]> => {
  if (folder === undefined) return [];
  const names = await readdir(folder).catch(() => []);
  return names.sort().flatMap((name) => {
    const instance = LEDGER_FILE.exec(name)?.groups?.["instance"];
    return instance === undefined ? [] : [{ instance, path: join(folder, name) }];
  });
};
