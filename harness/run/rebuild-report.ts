/** `sse-lab report DIR`: judges the raw history again and writes every derived file anew. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readHistory } from "../history/read-history.ts";
import { type Manifest, parseManifest } from "../report/manifest.ts";
import type { Summary } from "../report/summary.ts";
import { writeResults } from "../report/write-results.ts";
import { judgeAll } from "./judge-all.ts";
import { toSummary } from "./to-summary.ts";

/** A folder whose report cannot be rebuilt. The message names the file and the fix. */
export class RebuildError extends Error {
  override name = "RebuildError";
}

/** @throws RebuildError */
export async function rebuildReport(dir: string): Promise<Summary> {
  const manifest = await readManifest(join(dir, "manifest.json"), dir);
  const history = join(dir, "history.ndjson.gz");
  let runs;
  try {
    runs = await judgeAll(readHistory(history));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new RebuildError(
      missing
        ? `${history} is not there: a report is rebuilt from the raw history, which the folder of a loadtest holds`
        : `${history}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  const summary = toSummary(manifest, runs);
  await writeResults(dir, summary, manifest);
  return summary;
}

async function readManifest(path: string, dir: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    throw new RebuildError(
      `${dir} is not the folder of a run (no manifest.json); name one below results/, e.g. results/latest`,
    );
  }
  try {
    return parseManifest(JSON.parse(text));
  } catch (error) {
    throw new RebuildError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}
