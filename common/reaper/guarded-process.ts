/** Runs a long command that ends with us: on abort, when it makes no progress, and when this process is killed. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

export interface GuardedCommand {
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** Called every two seconds. `lines`: how many the command has printed. */
  onProgress?: (progress: { seconds: number; lines: number; bytes: number }) => void;
  /** Folders whose growth is progress. */
  grows?: readonly string[];
  /** Ends the command after this long without growth and output, ms. */
  stallMs?: number;
}

export interface GuardedResult {
  failed: boolean;
  stalled: boolean;
  /** What it printed, stdout and stderr. */
  output: string;
}

const PROGRESS_MS = 2000;
const KILL_MS = 5000;
/** The process group of the command is ended when the pipe to us closes, even if we were killed with SIGKILL. */
const GUARD =
  'exec 3<&0; "$@" </dev/null & run=$!; (read -r _ <&3; kill -TERM 0) >/dev/null 2>&1 & watch=$!; ' +
  "wait $run; code=$?; kill $watch; exit $code";

const bytesIn = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  let sum = 0;
  for (const entry of entries) {
    const found = await stat(join(folder, entry)).catch(() => undefined);
    if (found?.isFile()) sum += found.size;
  }
  return sum;
};

const killGroup = (pid: number | undefined, signal: NodeJS.Signals): void => {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It ended by itself.
  }
};

/** Rejects when `signal` aborts, after the command and all that it started got their SIGTERM. */
export const runGuarded = async (guarded: GuardedCommand): Promise<GuardedResult> => {
  const { signal, stallMs, grows = [] } = guarded;
  signal?.throwIfAborted();
  const run = execa("/bin/sh", ["-c", GUARD, "guard", guarded.command, ...guarded.args], {
    cwd: guarded.cwd,
    env: guarded.env,
    extendEnv: false,
    stdin: "pipe",
    all: true,
    reject: false,
    detached: true,
  });
  const started = Date.now();
  let [lines, bytes, lastChange, stalled] = [0, 0, started, false];
  run.all.on("data", (chunk: Buffer) => {
    lines += chunk.toString().split("\n").length - 1;
    lastChange = Date.now();
  });
  let kill: NodeJS.Timeout | undefined;
  const end = (): void => {
    killGroup(run.pid, "SIGTERM");
    kill ??= setTimeout(() => killGroup(run.pid, "SIGKILL"), KILL_MS);
  };
  const look = async (): Promise<void> => {
    const sizes = await Promise.all(grows.map(bytesIn));
    const sum = sizes.reduce((total, size) => total + size, 0);
    if (sum !== bytes) [bytes, lastChange] = [sum, Date.now()];
    guarded.onProgress?.({ seconds: Math.round((Date.now() - started) / 1000), lines, bytes });
    if (stallMs === undefined || stalled || Date.now() - lastChange < stallMs) return;
    stalled = true;
    end();
  };
  const timer = setInterval(() => void look(), PROGRESS_MS);
  signal?.addEventListener("abort", end, { once: true });
  try {
    const result = await run;
    signal?.throwIfAborted();
    return { failed: result.failed, stalled, output: result.all };
  } finally {
    clearInterval(timer);
    clearTimeout(kill);
    signal?.removeEventListener("abort", end);
  }
};
