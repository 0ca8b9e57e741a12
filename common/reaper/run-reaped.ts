/** Runs a long command that ends with us: on abort, without progress, and when we are killed. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { identityOf, signalProcess, type ProcessIdentity } from "../processes/process-identity.ts";
import { startReaper } from "./reaper-client.ts";

export interface ReapedCommand {
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** Called at every look. `lines`: how many the command has printed. */
  onProgress?: (progress: { seconds: number; lines: number; bytes: number }) => void;
  /** Folders whose growth is progress. */
  grows?: readonly string[];
  /** Ends the command after this long without growth and output, ms. */
  stallMs?: number;
  /** Between two looks at the progress, ms. */
  lookMs?: number;
  /** Milliseconds; only differences count. */
  clock?: () => number;
}

export interface ReapedResult {
  failed: boolean;
  stalled: boolean;
  /** What it printed, stdout and stderr. */
  output: string;
}

const LOOK_MS = 2000;
const KILL_MS = 5000;
/**
 * The command starts when a line arrives, which is when the reaper watches it; never if we are
 * killed first.
 */
const WAIT_AND_RUN = 'read -r _ && exec "$@" </dev/null';

const bytesIn = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  let sum = 0;
  for (const entry of entries) {
    const found = await stat(join(folder, entry)).catch(() => undefined);
    if (found?.isFile()) sum += found.size;
  }
  return sum;
};

/** Rejects when `signal` aborts, after the command and all that it started got their SIGTERM. */
export const runReaped = async (reaped: ReapedCommand): Promise<ReapedResult> => {
  const { signal, stallMs, grows = [], lookMs = LOOK_MS, clock = () => performance.now() } = reaped;
  signal?.throwIfAborted();
  const reaper = await startReaper();
  const run = execa("/bin/sh", ["-c", WAIT_AND_RUN, "sh", reaped.command, ...reaped.args], {
    cwd: reaped.cwd,
    env: reaped.env,
    extendEnv: false,
    stdin: "pipe",
    all: true,
    reject: false,
    detached: true,
  });
  const found = identityOf(run.pid ?? 0);
  const group: ProcessIdentity | undefined = found && { ...found, group: true };
  if (group) reaper.watch(group);
  run.stdin.on("error", () => undefined).end("\n");
  const started = clock();
  let [lines, bytes, lastChange, stalled] = [0, 0, started, false];
  run.all.on("data", (chunk: Buffer) => {
    lines += chunk.toString().split("\n").length - 1;
    lastChange = clock();
  });
  let kill: NodeJS.Timeout | undefined;
  const end = (): void => {
    if (!group) return;
    signalProcess(group, "SIGTERM");
    kill ??= setTimeout(() => signalProcess(group, "SIGKILL"), KILL_MS);
  };
  const look = async (): Promise<void> => {
    const sizes = await Promise.all(grows.map(bytesIn));
    const sum = sizes.reduce((total, size) => total + size, 0);
    if (sum !== bytes) [bytes, lastChange] = [sum, clock()];
    reaped.onProgress?.({ seconds: Math.round((clock() - started) / 1000), lines, bytes });
    if (stallMs === undefined || stalled || clock() - lastChange < stallMs) return;
    stalled = true;
    end();
  };
  const timer = setInterval(() => void look(), lookMs);
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted) end();
  try {
    const result = await run;
    signal?.throwIfAborted();
    return { failed: result.failed, stalled, output: result.all };
  } finally {
    clearInterval(timer);
    clearTimeout(kill);
    signal?.removeEventListener("abort", end);
    await reaper.leave();
  }
};
