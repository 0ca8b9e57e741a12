/** A process that logs to a file and can outlive the process that started it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  identityOf,
  isRunning,
  isStopped,
  signalProcess,
  type ProcessIdentity,
} from "../../../../common/processes/process-identity.ts";
import { UserError } from "../../../../common/user-error.ts";
import { waitFor } from "../../../../common/wait-for.ts";

/** All that is needed to start it again, also from another process: the state file holds it. */
export interface ProcessSpec {
  name: string;
  command: string;
  args: readonly string[];
  /** The whole environment, apart from PATH, HOME and TMPDIR. */
  env: Readonly<Record<string, string>>;
  cwd: string;
  logFile: string;
  /** It may start processes. They are ended with it. */
  group?: true | undefined;
}

export interface LoggedProcess {
  readonly spec: ProcessSpec;
  readonly identity: ProcessIdentity;
  /** Resolves once it is gone. Never rejects. */
  readonly exited: Promise<void>;
  hasExited(): boolean;
  /** SIGKILL, SIGSTOP and SIGCONT also reach the processes that it started. */
  signal(signal: NodeJS.Signals): void;
  /** Its last lines, without those of earlier processes of its name. */
  logTail(lines?: number): Promise<string>;
  /** Lets it outlive the process that started it. */
  detach(): void;
}

/** Signals that a process cannot pass on to those that it started. */
const TO_GROUP: ReadonlySet<NodeJS.Signals> = new Set(["SIGKILL", "SIGSTOP", "SIGCONT"]);

const TAIL_BYTES = 64 * 1024;
const POLL_MS = 20;
const KILL_TIMEOUT_MS = 5000;

const readTail = async (path: string, from: number, lines: number): Promise<string> => {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return "";
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.max(0, size - start)),
      0,
      null,
      start,
    );
    return buffer
      .subarray(0, bytesRead)
      .toString("utf8")
      .trimEnd()
      .split("\n")
      .slice(-lines)
      .join("\n");
  } finally {
    await file.close();
  }
};

/**
 * No other variable is inherited. REDIS_URL would turn one topology into another, HTTP_PROXY would
 * take the router off the loopback, and NODE_OPTIONS would load code into the servers.
 */
const inheritedEnv = (): Record<string, string> =>
  Object.fromEntries(
    ["PATH", "HOME", "TMPDIR"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/**
 * Uses `node:child_process`, not execa: the output goes to a file and the child outlives its
 * parent, so that execa's buffers and its clean-up at exit are unwanted.
 *
 * @throws if the command cannot be run
 */
export const startProcess = async (spec: ProcessSpec): Promise<LoggedProcess> => {
  const log = openSync(spec.logFile, "a");
  try {
    const logStart = fstatSync(log).size;
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...inheritedEnv(), ...spec.env },
      stdio: ["ignore", log, log],
      // In its own session, so that a Ctrl-C reaches the harness only.
      detached: true,
    });
    if (child.pid === undefined) {
      const [error] = (await once(child, "error").catch((cause: unknown) => [cause])) as [Error];
      throw new UserError(`${spec.name} could not be started: ${whyNot(spec, error)}`);
    }
    // Before any await: until libuv collects the child, its pid means no other process.
    const { pid } = child;
    const found = identityOf(pid) ?? { pid, startTime: "gone" };
    const identity = spec.group ? { ...found, group: true as const } : found;
    const signalGroup = (signal: NodeJS.Signals): void => {
      try {
        process.kill(-pid, signal);
      } catch {
        // Nothing of it is left.
      }
    };
    let gone = false;
    const exited = new Promise<void>((resolve) => {
      child.once("exit", () => {
        gone = true;
        if (spec.group) signalGroup("SIGKILL");
        resolve();
      });
    });
    return {
      spec,
      identity,
      exited,
      hasExited: () => gone,
      signal: (signal) => {
        if (spec.group && TO_GROUP.has(signal) && !gone) signalGroup(signal);
        else child.kill(signal);
      },
      logTail: (lines = 20) => readTail(spec.logFile, logStart, lines),
      detach: () => child.unref(),
    };
  } finally {
    closeSync(log);
  }
};

const whyNot = ({ command, cwd }: ProcessSpec, error: NodeJS.ErrnoException): string => {
  if (error.code === "EACCES") return `${command} may not be executed`;
  if (error.code !== "ENOENT") return error.message;
  // Node says the same of both.
  return existsSync(cwd)
    ? `there is no program ${command} (PATH: ${process.env["PATH"] ?? ""})`
    : `there is no folder ${cwd} to run it in`;
};

/** A process that another process started. Nothing watches it any more once it is detached. */
export const attachProcess = (spec: ProcessSpec, identity: ProcessIdentity): LoggedProcess => {
  let exited: Promise<void> | undefined;
  let watched = true;
  // There is no exit event for the child of another process.
  const untilExited = async (): Promise<void> => {
    // Unreferenced: watching a process must not keep a command alive.
    while (watched && isRunning(identity)) await delay(POLL_MS, undefined, { ref: false });
    if (!watched) await new Promise(() => undefined);
  };
  return {
    spec,
    identity,
    get exited() {
      return (exited ??= untilExited());
    },
    hasExited: () => !isRunning(identity),
    signal: (signal) => {
      const { pid, startTime } = identity;
      void signalProcess(TO_GROUP.has(signal) ? identity : { pid, startTime }, signal);
    },
    logTail: (lines = 20) => readTail(spec.logFile, 0, lines),
    detach: () => {
      watched = false;
    },
  };
};

/** SIGSTOP. Resolves once it is stopped. @throws WaitError after 5 s */
export const pauseProcess = async (running: LoggedProcess): Promise<void> => {
  running.signal("SIGSTOP");
  await waitFor({
    name: `${running.spec.name} to be stopped after SIGSTOP`,
    timeoutMs: KILL_TIMEOUT_MS,
    intervalMs: 10,
    condition: () => isStopped(running.identity) || "it still runs",
    processes: [running],
  });
};

/** SIGKILL. Resolves once it is gone. @throws WaitError after 5 s */
export const killProcess = async (running: LoggedProcess): Promise<void> => {
  running.signal("SIGKILL");
  await waitFor({
    name: `${running.spec.name} to be gone after SIGKILL`,
    timeoutMs: KILL_TIMEOUT_MS,
    intervalMs: 10,
    condition: () => running.hasExited() || "it still runs",
  });
};
