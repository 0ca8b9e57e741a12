/**
 * Which process a pid really means. The kernel reuses pids; pid and start time together name one
 * process for good, so that we never end the process of another program.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { readProcStat } from "./proc-usage.ts";

export interface ProcessIdentity {
  pid: number;
  /**
   * Linux: `<boot id>:<start in clock ticks>:<pid namespace>`; elsewhere `ps -o lstart=`. Records
   * of earlier versions lack the namespace.
   */
  startTime: string;
  /** It leads a process group, which is ended with it. */
  group?: true | undefined;
}

interface ProcessFacts {
  startTime: string;
  /** Its parent has not collected it yet. */
  hasExited: boolean;
  /** A signal has stopped it, and it has not been continued. */
  isStopped: boolean;
}

/** What gives a pid its meaning (proc(5), pid_namespaces(7)). It stays while this process runs. */
interface ProcessSpace {
  /** Start times count from boot: without it, a pid from before a reboot could look alive. */
  boot: string;
  /** Containers share the boot of their host, but not its pids. Undefined: not on record. */
  namespace: string | undefined;
}

let space: ProcessSpace | undefined;

const thisSpace = (): ProcessSpace =>
  (space ??= {
    boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    namespace: /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0],
  });

const START = /^(?<boot>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):\d+(?::(?<namespace>\d+))?/;

const spaceOf = (startTime: string): ProcessSpace | undefined => {
  const { boot, namespace } = START.exec(startTime)?.groups ?? {};
  return boot === undefined ? undefined : { boot, namespace };
};

/** Did that process start since the last boot of this host? Undefined if the record cannot tell. */
export const isOfThisBoot = (startTime: string): boolean | undefined => {
  const boot = process.platform === "linux" ? spaceOf(startTime)?.boot : undefined;
  return boot === undefined ? undefined : boot === thisSpace().boot;
};

/** Does its pid mean the same here? If not, nothing here can tell whether it still runs. */
export const isInSight = ({ startTime }: Pick<ProcessIdentity, "startTime">): boolean => {
  if (process.platform !== "linux") return true;
  const there = spaceOf(startTime);
  const here = thisSpace();
  return there?.boot === here.boot && (there.namespace ?? here.namespace) === here.namespace;
};

const linuxFacts = (pid: number): ProcessFacts | undefined => {
  const stat = readProcStat(pid);
  if (!stat) return undefined;
  const { state, startTicks } = stat;
  const { boot, namespace } = thisSpace();
  return {
    startTime: `${boot}:${startTicks}:${namespace ?? ""}`,
    hasExited: state === "Z" || state === "X",
    isStopped: state === "T",
  };
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
    return {
      startTime: start.join(" "),
      hasExited: state.startsWith("Z"),
      isStopped: state.startsWith("T"),
    };
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

/** Is it stopped by a signal? False if it does not run. */
export const isStopped = (identity: ProcessIdentity): boolean =>
  isRunning(identity) && processFacts(identity.pid)?.isStopped === true;

/** Does exactly this process still run? False for one that is not in sight. */
export const isRunning = ({ pid, startTime }: ProcessIdentity): boolean => {
  const facts = processFacts(pid);
  if (facts === undefined || facts.hasExited) return false;
  return facts.startTime === startTime || facts.startTime.startsWith(`${startTime}:`);
};

/** Signals exactly this process, and its group if it leads one. False if it no longer runs. */
export const signalProcess = (identity: ProcessIdentity, signal: NodeJS.Signals): boolean => {
  if (!isRunning(identity)) return false;
  try {
    process.kill(identity.group ? -identity.pid : identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
};
