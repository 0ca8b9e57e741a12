/**
 * `sse-lab report DIR`: judges the raw history again and rewrites every derived file. k6 output
 * that was made elsewhere becomes a history first. Modules are loaded when they are needed, so that
 * a wrong folder is refused at once.
 */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { JudgedRun } from "../../checker/judge-run.ts";
import { readHistory } from "../../history/read-history.ts";
import { type Manifest, parseManifest } from "../../report/summary/manifest.ts";
import type { Summary } from "../../report/summary/summary.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { readText } from "../../../common/files/read-text.ts";
import { UserError } from "../../../common/user-error.ts";

/** @throws UserError, also if k6's output cannot be merged */
export async function rebuildReport(dir: string): Promise<Summary> {
  if (await isUnmerged(dir)) {
    const { mergeK6Output } = await import("../merge/merge-k6-output.ts");
    await mergeK6Output(dir);
  }
  const manifest = await readManifest(join(dir, "manifest.json"), dir);
  const history = join(dir, "history.ndjson.gz");
  const { inOrderOf, judgeAll, toSummary } = await import("./make-summary.ts");
  let judged;
  try {
    judged = await judgeAll(readHistory(history));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError(
      missing
        ? `${history} is not there: a report is rebuilt from the raw history, which the ` + "folder of a loadtest holds"
        : `${history}: ${(error as Error).message}`,
      undefined,
      { cause: error },
    );
  }
  const { writePage, writeResults } = await import("../../report/render/write-results.ts");
  const summary = toSummary(
    manifest,
    judged.map(({ result }) => result),
  );
  const series = judged.flatMap((one) => one.series ?? []);
  await writeResults(dir, summary, manifest);
  await writePage(dir, summary, manifest, inOrderOf(summary, series));
  return summary;
}

/** Runs that a folder holds, with what they were made with. */
export interface Earlier {
  manifest: Manifest;
  runs: JudgedRun[];
}

/**
 * What an earlier command has measured of this scenario. Undefined if the folder has no history.
 * @throws UserError if the folder holds another comparison
 */
export async function readEarlier(dir: string, scenario: Scenario): Promise<Earlier | undefined> {
  const history = join(dir, "history.ndjson.gz");
  const hasHistory = await access(history).then(
    () => true,
    () => false,
  );
  if (!hasHistory) return undefined;
  const manifest = await readManifest(join(dir, "manifest.json"), dir);
  const { judgeAll, summaryScenario } = await import("./make-summary.ts");
  const { skipped, durationS } = manifest.scenario;
  const asked = { ...summaryScenario(scenario, durationS), ...(skipped && { skipped }) };
  if (!isDeepStrictEqual(manifest.scenario, asked) || manifest.seed !== scenario.seed)
    throw new UserError(
      `${dir} holds another comparison (other topologies, bounces, load or seed)`,
      "ask for the same one, name another folder with --out, or measure it again with --again",
    );
  return { manifest, runs: await judgeAll(readHistory(history)) };
}

/** No results folder, but there is something in it that k6 may have written. */
async function isUnmerged(dir: string): Promise<boolean> {
  const hasManifest = await access(join(dir, "manifest.json")).then(
    () => true,
    () => false,
  );
  if (hasManifest) return false;
  const { consoleFiles } = await import("../merge/read-k6-output.ts");
  return (await consoleFiles(dir).catch(() => [])).length > 0;
}

async function readManifest(path: string, dir: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${dir} is not the folder of a run (no manifest.json); name one below results/, e.g. ` + "results/latest, or one with the console output of k6 (*.log, *.ndjson)",
    );
  }
  try {
    return parseManifest(JSON.parse(text));
  } catch (error) {
    throw new UserError(`${path}: ${(error as Error).message}`, undefined, { cause: error });
  }
}
