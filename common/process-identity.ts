/**
 * Which process a pid really means. A pid alone is reused by the kernel; pid and start time together name one
 * process for good, so that ending "our" processes can never hit somebody else's.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  pid: number;
  /** Opaque; equal for the same process only. Linux: boot id and start time in clock ticks; elsewhere `ps -o lstart=`. */
  startTime: string;
  /** It leads a process group, all of which is ended with it. */
  group?: true | undefined;
}

interface ProcessFacts {
  startTime: string;
  /** It has exited, its parent has not collected it yet. */
  zombie: boolean;
}

let bootId: string | undefined;

/** Start times on Linux count from boot: without the boot id a pid of before a reboot could look alive. */
const readBootId = (): string => {
  bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return bootId;
};

/** proc(5), /proc/pid/stat: field 2 is the name in brackets and may hold anything, so fields are counted after its last bracket. */
const linuxFacts = (pid: number): ProcessFacts | undefined => {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  const fromState = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fromState[0];
  const startTicks = fromState[19];
  if (startTicks === undefined) return undefined;
  return { startTime: `${readBootId()}:${startTicks}`, zombie: state === "Z" || state === "X" };
};

const posixFacts = (pid: number): ProcessFacts | undefined => {
  try {
    process.kill(pid, 0);
    // LC_ALL: lstart is text, and two readers have to get the same one.
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" },
    }).trim();
    const [state = "", ...start] = line.split(/\s+/);
    return { startTime: start.join(" "), zombie: state.startsWith("Z") };
  } catch {
    return undefined;
  }
};

const processFacts = (pid: number): ProcessFacts | undefined =>
  process.platform === "linux" ? linuxFacts(pid) : posixFacts(pid);

/** The identity of the process that has this pid now (an exited, uncollected one included), or undefined. */
export const identityOf = (pid: number): ProcessIdentity | undefined => {
  const facts = processFacts(pid);
  return facts && { pid, startTime: facts.startTime };
};

/** Does exactly this process still run? */
export const isRunning = (identity: ProcessIdentity): boolean => {
  const facts = processFacts(identity.pid);
  return facts !== undefined && !facts.zombie && facts.startTime === identity.startTime;
};

/** Sends a signal to exactly this process (and its group, if it leads one). False when it does not run any more. */
export const signalProcess = (identity: ProcessIdentity, signal: "SIGTERM" | "SIGKILL"): boolean => {
  if (!isRunning(identity)) return false;
  try {
    process.kill(identity.group ? -identity.pid : identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
};
