/** Runs a script's real bundle on the contract double of k6, and reads what it wrote. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  LINE_MARK,
  type K6LogLine,
  type K6LogRecord,
} from "../../harness/load/portable/k6-log-records.ts";
import { bundleScript, type ScriptName } from "../../harness/load/k6/scripts/bundle-scripts.ts";
import { parseSummary, type Summary } from "../../harness/report/summary/summary.ts";
import { startDouble } from "../../standins/k6/run-double.ts";
import type { K6Summary } from "../lib/output/summary.ts";

export interface ScriptRun {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  lines: K6LogLine[];
  records: K6LogRecord[];
  /** Undefined when the script did not come that far. */
  summary: Summary | undefined;
  k6: K6Summary | undefined;
}

/** A small load that is over soon; its drain is longer than anybody should need. */
const SMALL = {
  SESSIONS: "1",
  RATE: "5",
  ARRIVAL: "ramp",
  DURATION: "1",
  RAMP: "0",
  DRAIN: "20",
  PAYLOAD_BYTES: "20",
};

export interface RunningScript {
  /**
   * Resolves when the records so far fulfil the condition.
   * @throws Error when the script ends before
   */
  waitFor(condition: (records: readonly K6LogRecord[]) => boolean): Promise<void>;
  finished: Promise<ScriptRun>;
}

export const runScript = async (
  script: ScriptName,
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<ScriptRun> => (await startScript(script, env, flags)).finished;

export async function startScript(
  script: ScriptName,
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<RunningScript> {
  const folder = await mkdtemp(join(tmpdir(), "script-"));
  const file = await bundleScript(script, folder);
  const running = await startDouble({
    script: { file },
    flags,
    env: { ...SMALL, OUT: folder, ...env },
  });
  const finished = running.finished
    .then(async ({ exitCode, stdout, stderr, consoleLines }) => {
      const lines = linesOf(consoleLines);
      return {
        exitCode,
        stdout,
        stderr,
        lines,
        records: lines.flatMap(({ records }) => records),
        summary: await readIfThere(join(folder, "summary.json"), parseSummary),
        k6: await readIfThere(join(folder, "k6-summary.json"), (value) => value as K6Summary),
      };
    })
    .finally(() => rm(folder, { recursive: true }));
  const waitFor: RunningScript["waitFor"] = async (condition) => {
    await running.waitForLine(() =>
      condition(linesOf(running.consoleLines()).flatMap(({ records }) => records)),
    );
  };
  return { waitFor, finished };
}

const linesOf = (consoleLines: readonly string[]): K6LogLine[] =>
  consoleLines
    .filter((line) => line.startsWith(LINE_MARK))
    .map((line) => JSON.parse(line.slice(LINE_MARK.length)) as K6LogLine);

const readIfThere = async <T>(
  file: string,
  parse: (value: unknown) => T,
): Promise<T | undefined> => {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : parse(JSON.parse(text));
};

/** Those of one kind. */
export const ofKind = <T extends K6LogRecord["type"]>(
  records: readonly K6LogRecord[],
  type: T,
): Extract<K6LogRecord, { type: T }>[] =>
  records.filter((one): one is Extract<K6LogRecord, { type: T }> => one.type === type);

/** How often a counter of the script was raised. */
export const countOf = ({ k6 }: ScriptRun, name: string): number =>
  k6?.metrics[name]?.values["count"] ?? 0;
