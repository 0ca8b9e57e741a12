/** What the kernel accounts for a process (Linux, proc(5)). Other systems have no such files. */
import { readFileSync } from "node:fs";

/** USER_HZ, which Linux fixes at 100 for what /proc reports (proc_pid_stat(5)). */
export const TICKS_PER_SECOND = 100;

export interface ProcStat {
  /** `Z` and `X`: the process has exited, and its parent has not collected it yet. */
  state: string;
  processGroup: number;
  /** User and system time of all its threads, in units of 1/100 s. */
  cpuTicks: number;
  /** Since boot, in units of 1/100 s. Text: it is compared, not calculated with. */
  startTicks: string;
}

/** Undefined when there is no such process. `thread-self` names the calling thread. */
export const readProcStat = (process: number | "thread-self"): ProcStat | undefined => {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${process}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // Field 2 is the name in brackets and may hold anything, so fields are counted after the last
  // one.
  const fromState = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTicks = fromState[19];
  if (startTicks === undefined) return undefined;
  return {
    state: fromState[0] ?? "",
    processGroup: Number(fromState[2]),
    cpuTicks: Number(fromState[11]) + Number(fromState[12]),
    startTicks,
  };
};

/**
 * Resident memory in bytes: `VmRSS` with file pages, `RssAnon` without. Undefined for a process
 * that has exited.
 */
export const readMemory = (pid: number, kind: "VmRSS" | "RssAnon"): number | undefined => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kibibytes = new RegExp(`^${kind}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
};
