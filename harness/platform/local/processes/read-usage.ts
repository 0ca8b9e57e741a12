/** What the processes of a deployment have used, by the accounts of Linux (proc(5)). */
import { nowMs } from "../../../../common/clock.ts";
import type { ComponentUsage } from "../../platform.ts";
import { isRunning, type ProcessIdentity } from "../../../../common/processes/process-identity.ts";
import {
  readMemory,
  readProcStat,
  TICKS_PER_SECOND,
} from "../../../../common/processes/proc-usage.ts";

export interface MeasuredProcess {
  component: string;
  role: ComponentUsage["role"];
  identity: ProcessIdentity;
}

const readComponent = ({
  component,
  role,
  identity,
}: MeasuredProcess): ComponentUsage | undefined => {
  const { pid, startTime } = identity;
  const stat = readProcStat(pid);
  const memoryBytes = readMemory(pid, "RssAnon");
  const atMs = nowMs();
  // Checked after the reading, so that the figures are of this process and not of a zombie.
  if (!stat || memoryBytes === undefined || !isRunning(identity)) return undefined;
  const incarnation = `${pid}:${startTime}`;
  const cpuSeconds = stat.cpuTicks / TICKS_PER_SECOND;
  return { part: component, role, incarnation, source: "procfs", cpuSeconds, memoryBytes, atMs };
};

/**
 * One reading of each running process. Empty on other systems than Linux: their `ps` rounds CPU
 * time to seconds, and reports only memory that includes shared pages.
 */
export const readUsage = (processes: readonly MeasuredProcess[]): ComponentUsage[] =>
  processes.flatMap((one) => readComponent(one) ?? []);
