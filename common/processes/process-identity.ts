/**
 * Which process a pid really means. The kernel reuses pids; pid and start time together name one
 * process for good, so that we never end the process of another program.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readProcStat } from "./proc-usage.ts";

export interface ProcessIdentity {
  pid: number;
  /** Opaque. Linux: boot id and start time in clock ticks; elsewhere `ps -o lstart=`. */
  startTime: string;
  /** It leads a process group, which is ended with it. */
  group?: true | undefined;
}

interface ProcessFacts {
  startTime: string;
  /** Its parent has not collected it yet. */
  hasExited: boolean;
}

let bootId: string | undefined;

/**
 * Start times count from boot: without the boot id, a pid from before a reboot could look alive.
 */
const readBootId = (): string => {
  bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return bootId;
};

const linuxFacts = (pid: number): ProcessFacts | undefined => {
  const stat = readProcStat(pid);
  if (!stat) return undefined;
  const { state, startTicks } = stat;
  return { startTime: `${readBootId()}:${startTicks}`, hasExited: state === "Z" || state === "X" };
};

const posixFacts = (pid: number): ProcessFacts | undefined => {
  try {
    // LC_ALL: lstart is text, and two readers have to get the same one.
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" },
    }).trim();
    const [state = "", ...start] = line.split(/\s+/);
    return { startTime: start.join(" "), hasExited: state.startsWith("Z") };
  } catch {
    // ps fails if there is no such process.
    return undefined;
  }
};

const processFacts = (pid: number): ProcessFacts | undefined =>
  process.platform === "linux" ? linuxFacts(pid) : posixFacts(pid);

/** The process that has this pid now, even if it has exited and is not collected yet. */
export const identityOf = (pid: number): ProcessIdentity | undefined => {
  const facts = processFacts(pid);
  return facts && { pid, startTime: facts.startTime };
};

/** This process. */
export const thisProcess = (): ProcessIdentity => {
  const identity = identityOf(process.pid);
  if (!identity) throw new Error("this process does not find itself in the process table");
  return identity;
};

/** Does any process run under this pid? It may be another one than the pid once meant. */
export const isAlive = (pid: number): boolean => processFacts(pid)?.hasExited === false;

/** Does exactly this process still run? */
export const isRunning = ({ pid, startTime }: ProcessIdentity): boolean => {
  const facts = processFacts(pid);
  return facts !== undefined && !facts.hasExited && facts.startTime === startTime;
};

/** Signals exactly this process, and its group if it leads one. False if it no longer runs. */
export const signalProcess = (
  identity: ProcessIdentity,
  signal: "SIGTERM" | "SIGKILL",
): boolean => {
  if (!isRunning(identity)) return false;
  try {
    process.kill(identity.group ? -identity.pid : identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
};
