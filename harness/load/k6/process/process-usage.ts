/** What k6 uses, as the kernel accounts for it (Linux, proc(5)). */
import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ, which Linux fixes at 100 for what /proc reports. */
const TICKS_PER_S = 100;
// Of /proc/<pid>/stat, counted after the name's closing bracket: the name may hold anything.
const GROUP = 2;
const UTIME = 11;
const STIME = 12;

export interface GroupUsage {
  /** User and system, seconds, of the processes that run: the time of one that has ended is its parent's to know. */
  cpuSeconds: number;
  /** Resident set, bytes, file pages included. */
  rssBytes: number;
}

/**
 * All processes of a group together: `k6` may be a launcher that starts another k6 with the extensions that a script needs.
 * Undefined when none is left, and on other systems than Linux.
 */
export function readGroupUsage(group: number): GroupUsage | undefined {
  let pids: string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  const found = pids.flatMap((pid) => readMember(pid, group) ?? []);
  if (found.length === 0) return undefined;
  return {
    cpuSeconds: found.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_S,
    rssBytes: found.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
  };
}

function readMember(pid: string, group: number): { ticks: number; rssBytes: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(fields[GROUP]) !== group) return undefined;
    // One that has ended and is not collected yet has no memory, and no such line.
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return {
      ticks: Number(fields[UTIME]) + Number(fields[STIME]),
      rssBytes: Number(kibibytes ?? 0) * 1024,
    };
  } catch {
    // It has just gone.
    return undefined;
  }
}
