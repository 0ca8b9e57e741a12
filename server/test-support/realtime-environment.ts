import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LedgerRecord } from "../src/contract/ledger.ts";

/** What a server needs to know of a Realtime. */
export const realtimeEnvironment = (realtime: {
  url: string;
  serviceKey: string;
  jwtSecret: string;
}): Record<string, string> => ({
  FF_SUPABASE_SSE_BROADCAST: "true",
  REALTIME_URL: realtime.url,
  REALTIME_KEY: realtime.serviceKey,
  REALTIME_JWT_SECRET: realtime.jwtSecret,
});

/** All records of a ledger folder, file by file. */
export async function readLedgers(dir: string): Promise<LedgerRecord[]> {
  const files = (await readdir(dir)).sort();
  const texts = await Promise.all(files.map(async (file) => readFile(join(dir, file), "utf8")));
  return texts.flatMap((text) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as LedgerRecord),
  );
}

/** Ids of the published events, and by reason those of the dropped ones. */
export function accountOf(records: readonly LedgerRecord[]): {
  published: string[];
  dropped: Map<string, string>;
} {
  const published: string[] = [];
  const dropped = new Map<string, string>();
  for (const record of records) {
    if (record.kind === "published") published.push(`${record.epoch}-${record.seq}`);
    if (record.kind === "dropped") dropped.set(`${record.epoch}-${record.seq}`, record.reason);
  }
  return { published, dropped };
}
