import { readFileSync } from "node:fs";

/** USER_HZ, which Linux fixes at 100 for what /proc reports (proc_pid_stat(5), sysconf(_SC_CLK_TCK)). */
const TICKS_PER_S = 100;
/** `utime` and `stime`, counted after the command's closing parenthesis. */
const UTIME = 11;
const STIME = 12;

/**
 * CPU time of the calling thread so far, user and system, seconds. Node 20 tells it for the whole process only, so it is
 * read from /proc; where there is none, it is the process's.
 */
export const threadCpuSeconds = (): number => {
  try {
    const stat = readFileSync("/proc/thread-self/stat", "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_PER_S;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
};
