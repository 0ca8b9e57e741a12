/** What the processes of a deployment have used, as the kernel accounts for it (Linux, proc(5)). */
import { nowMs } from "../../../../common/clock.ts";
import type { ComponentUsage } from "../../platform.ts";
import { isRunning, type ProcessIdentity } from "../../../../common/process-identity.ts";
import { readMemory, readProcStat, TICKS_PER_SECOND } from "../../../../common/proc-usage.ts";

export interface MeasuredProcess {
  part: string;
  role: ComponentUsage["role"];
  identity: ProcessIdentity;
}

const readComponent = ({ part, role, identity }: MeasuredProcess): ComponentUsage | undefined => {
  const { pid, startTime } = identity;
  const stat = readProcStat(pid);
  const memoryBytes = readMemory(pid, "RssAnon");
  const atMs = nowMs();
  // Looked at after the reading: what was read was of this process, and it had not exited.
  if (!stat || memoryBytes === undefined || !isRunning(identity)) return undefined;
  const incarnation = `${pid}:${startTime}`;
  const cpuSeconds = stat.cpuTicks / TICKS_PER_SECOND;
  return { part, role, incarnation, source: "procfs", cpuSeconds, memoryBytes, atMs };
};

/**
 * One reading of each process that runs. Empty on other systems than Linux: their `ps` rounds CPU time
 * to whole seconds, and counts memory that several processes share for each of them.
 */
export const readUsage = (processes: readonly MeasuredProcess[]): ComponentUsage[] =>
  processes.flatMap((one) => readComponent(one) ?? []);
