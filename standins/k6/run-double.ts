/** Runs the contract double of k6 for tests, as a process like k6 itself. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { build } from "esbuild";
import { fromRoot } from "../../common/paths.ts";

/** The executable, to be given as K6_BIN. */
export const K6_DOUBLE = fromRoot("standins/k6/k6-double.mjs");

export interface DoubleOptions {
  /** Source text of a script, or `{ file }` of one; either is bundled. */
  script: string | { file: string };
  /** Flags before the script, beside `--quiet`, `--log-format raw` and `--console-output`. */
  flags?: readonly string[];
  /** Given with `-e`. */
  env?: Readonly<Record<string, string>>;
}

export interface DoubleResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** What the script's console wrote. */
  consoleLines: string[];
  /**
   * What `handleSummary()` was given: by a handler that the helper adds to a source text that has none, or else what the script itself wrote
   * to `k6-summary.json` in the working folder; undefined if there is no such file.
   */
  summary: unknown;
}

export interface RunningDouble {
  process: ChildProcess;
  /** The process's working folder, removed at the end. */
  folder: string;
  consoleLines(): string[];
  /** Waits for a line of the script's console. @throws Error if the double ends without one */
  waitForLine(matches: (line: string) => boolean): Promise<string>;
  finished: Promise<DoubleResult>;
}

export async function runDouble(options: DoubleOptions): Promise<DoubleResult> {
  const running = await startDouble(options);
  return await running.finished;
}

export async function startDouble({ script, flags = [], env = {} }: DoubleOptions): Promise<RunningDouble> {
  const folder = mkdtempSync(join(tmpdir(), "k6-double-"));
  const consoleFile = join(folder, "console.log");
  writeFileSync(join(folder, "script.js"), await bundle(script));
  const given = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const child = spawn(
    process.execPath,
    [
      K6_DOUBLE,
      "run",
      "--quiet",
      "--log-format",
      "raw",
      "--console-output",
      consoleFile,
      ...flags,
      ...given,
      "script.js",
    ],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  // A test that gives up leaves nothing behind.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const consoleLines = () => readLines(consoleFile);
  let ended = false;
  const finished = new Promise<DoubleResult>((done, failed) => {
    child.once("error", failed);
    child.once("close", (exitCode) => {
      ended = true;
      process.off("exit", kill);
      const summaryFile = join(folder, "k6-summary.json");
      const summary: unknown = existsSync(summaryFile)
        ? JSON.parse(readFileSync(summaryFile, "utf8"))
        : undefined;
      done({ exitCode, stdout: stdout(), stderr: stderr(), consoleLines: consoleLines(), summary });
      rmSync(folder, { recursive: true, force: true });
    });
  });
  const waitForLine = async (matches: (line: string) => boolean): Promise<string> => {
    for (;;) {
      const line = consoleLines().find(matches);
      if (line !== undefined) return line;
      if (ended) throw new Error(`the double ended without such a line; stderr:\n${stderr()}`);
      await wait(20);
    }
  };
  return { process: child, folder, consoleLines, waitForLine, finished };
}

/** As the lab's own scripts are bundled: one file, whose only imports are modules of k6. */
async function bundle(script: DoubleOptions["script"]): Promise<string> {
  const file = typeof script === "string" ? undefined : resolve(script.file);
  const { outputFiles } = await build({
    ...(typeof script === "string"
      ? { stdin: { contents: withSummary(script), resolveDir: dirname(K6_DOUBLE), loader: "ts" } }
      : { entryPoints: [file ?? ""] }),
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    external: ["k6", "k6/*"],
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

function withSummary(source: string): string {
  if (source.includes("handleSummary")) return source;
  return `${source}
export function handleSummary(data) { return { "k6-summary.json": JSON.stringify(data) }; }`;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}

/** Whole lines only. */
function readLines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
}
