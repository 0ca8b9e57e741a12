import { readProcStat, TICKS_PER_SECOND } from "../../../../common/processes/proc-usage.ts";

/**
 * User and system time of the calling thread so far, seconds. Node 20 has a figure for the whole
 * process only, so this one comes from /proc; on a system without /proc it is the process's.
 */
export const threadCpuSeconds = (): number => {
  const stat = readProcStat("thread-self");
  if (stat) return stat.cpuTicks / TICKS_PER_SECOND;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
