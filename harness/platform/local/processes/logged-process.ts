/** One process of a deployment: its output goes to a log file, and it can outlive the process that started it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  identityOf,
  isRunning,
  signalProcess,
  type ProcessIdentity,
} from "../../../../common/process-identity.ts";

/** Everything needed to start it again, from another process too: plain data, written into the state file. */
export interface ProcessSpec {
  name: string;
  command: string;
  args: readonly string[];
  /** The whole environment beside PATH, HOME and TMPDIR. */
  env: Readonly<Record<string, string>>;
  cwd: string;
  logFile: string;
}

export interface LoggedProcess {
  readonly spec: ProcessSpec;
  readonly identity: ProcessIdentity;
  /** Resolves when it is gone, however it ended; never rejects. */
  readonly exited: Promise<void>;
  hasExited(): boolean;
  signal(signal: "SIGTERM" | "SIGKILL"): void;
  /** Last lines that this process wrote, those of earlier processes of the same name not included. */
  logTail(lines?: number): Promise<string>;
  /** Lets the starting process end while this one goes on. */
  release(): void;
}

const TAIL_BYTES = 64 * 1024;
const POLL_MS = 20;

const readTail = async (path: string, from: number, lines: number): Promise<string> => {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return "";
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - start)), 0, null, start);
    return buffer.subarray(0, bytesRead).toString("utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } finally {
    await file.close();
  }
};

/**
 * Nothing else is inherited: a REDIS_URL or FF_REDIS_SSE_BROADCAST in the user's shell would turn one topology into
 * another, an HTTP_PROXY would take the router off the loopback, NODE_OPTIONS would load into the servers.
 */
const inheritedEnv = (): Record<string, string> =>
  Object.fromEntries(
    ["PATH", "HOME", "TMPDIR"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/**
 * Starts a process. `node:child_process` rather than execa: output goes to a file descriptor and the child outlives its
 * parent, so nothing of what execa adds (buffers, promises of the result, killing at exit) is wanted here.
 *
 * @throws when the command cannot be run at all
 */
export const startProcess = async (spec: ProcessSpec): Promise<LoggedProcess> => {
  const log = openSync(spec.logFile, "a");
  try {
    const logStart = fstatSync(log).size;
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...inheritedEnv(), ...spec.env },
      stdio: ["ignore", log, log],
      // A session of its own: a Ctrl-C in the terminal reaches the harness, which then decides, and not the servers.
      detached: true,
    });
    if (child.pid === undefined) {
      const [error] = (await once(child, "error").catch((cause: unknown) => [cause])) as [Error];
      throw new Error(`${spec.name} could not be started: ${error.message}`);
    }
    // Before anything is awaited: as long as libuv has not collected the child, its pid cannot mean another process.
    const identity = identityOf(child.pid) ?? { pid: child.pid, startTime: "gone" };
    let gone = false;
    const exited = new Promise<void>((resolve) => {
      child.once("exit", () => {
        gone = true;
        resolve();
      });
    });
    return {
      spec,
      identity,
      exited,
      hasExited: () => gone,
      signal: (signal) => void child.kill(signal),
      logTail: (lines = 20) => readTail(spec.logFile, logStart, lines),
      release: () => child.unref(),
    };
  } finally {
    closeSync(log);
  }
};

/** Takes hold of a process that another process started. */
export const attachProcess = (spec: ProcessSpec, identity: ProcessIdentity): LoggedProcess => ({
  spec,
  identity,
  // An attached process gives no exit event, so it is looked at.
  get exited() {
    return (async () => {
      // Watching a process alone keeps no command from ending.
      while (isRunning(identity)) await delay(POLL_MS, undefined, { ref: false });
    })();
  },
  hasExited: () => !isRunning(identity),
  signal: (signal) => void signalProcess(identity, signal),
  logTail: (lines = 20) => readTail(spec.logFile, 0, lines),
  release: () => undefined,
});
