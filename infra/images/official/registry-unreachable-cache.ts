/**
 * Remembers for ten minutes that no registry was reachable, so that not every command waits for it.
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../../common/portable/parse-json.ts";
import { PROJECT_ROOT } from "../../../common/paths.ts";

const FORGET_MS = 10 * 60_000;
const recordSchema = z.object({ host: z.string(), atMs: z.number(), why: z.string() });

export interface UnreachableCache {
  /** Why the registry was unreachable a short while ago, or undefined. */
  recall(): Promise<string | undefined>;
  remember(why: string): Promise<void>;
  forget(): Promise<void>;
}

/** @param host the engine's endpoint: another one may have another network */
export const unreachableCache = (
  host: string,
  file: string = join(PROJECT_ROOT, ".sse-lab", "images", "registry.json"),
  now: () => number = Date.now,
): UnreachableCache => ({
  async recall() {
    const text = await readFile(file, "utf8").catch(() => "null");
    const { data } = recordSchema.safeParse(parseJson(text));
    if (data?.host !== host) return undefined;
    const age = now() - data.atMs;
    return age >= 0 && age < FORGET_MS ? data.why : undefined;
  },
  async remember(why) {
    const record: z.infer<typeof recordSchema> = { host, atMs: now(), why };
    // It only saves time: if it cannot be written, the next command finds out again.
    await mkdir(dirname(file), { recursive: true })
      .then(() => writeFile(file, JSON.stringify(record)))
      .catch(() => undefined);
  },
  async forget() {
    await rm(file, { force: true }).catch(() => undefined);
  },
});
