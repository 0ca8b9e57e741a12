/** Runs the contract double of k6 for tests, as a process. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { build } from "esbuild";
import { fromRoot } from "../../common/paths.ts";

/** The executable, for K6_BIN. */
export const K6_DOUBLE = fromRoot("standins/k6/k6-double.mjs");

export interface DoubleOptions {
  /** Source text of a script, which the helper bundles; or a file, which runs as it is. */
  script: string | { file: string };
  /** Flags, in addition to `--quiet`, `--log-format raw` and `--console-output`. */
  flags?: readonly string[];
  /** Set with `-e`. */
  env?: Readonly<Record<string, string>>;
}

export interface DoubleResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** Lines of the script's console. */
  consoleLines: string[];
  /**
   * The content of `k6-summary.json` in the working folder, or undefined without that file. The
   * helper adds a `handleSummary()` that writes its argument there if a source text has none.
   */
  summary: unknown;
}

export interface RunningDouble {
  process: ChildProcess;
  /** The working folder of the process, removed at the end. */
  folder: string;
  consoleLines(): string[];
  /**
   * Waits for a line of the script's console.
   * @throws Error if the double ends without such a line
   */
  waitForLine(matches: (line: string) => boolean): Promise<string>;
  finished: Promise<DoubleResult>;
}

export async function runDouble(options: DoubleOptions): Promise<DoubleResult> {
  const running = await startDouble(options);
  return await running.finished;
}

export async function startDouble({
  script,
  flags = [],
  env = {},
}: DoubleOptions): Promise<RunningDouble> {
  const folder = mkdtempSync(join(tmpdir(), "k6-double-"));
  const consoleFile = join(folder, "console.log");
  const path = typeof script === "string" ? join(folder, "script.js") : resolve(script.file);
  if (typeof script === "string") writeFileSync(path, await bundle(script));
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
      path,
    ],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  // A test that fails leaves no process behind.
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

/** One file that imports only modules of k6, with paths from this folder. */
async function bundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: withSummary(source), resolveDir: dirname(K6_DOUBLE), loader: "ts" },
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
