/** What the processes of a deployment have used, as the kernel accounts for it (Linux, proc(5)). */
import { readFile } from "node:fs/promises";
import { execa } from "execa";
import { nowMs } from "../../../../common/clock.ts";
import type { ComponentUsage } from "../../platform.ts";
import { isRunning, type ProcessIdentity } from "../../../../common/process-identity.ts";

export interface MeasuredProcess {
  part: string;
  role: ComponentUsage["role"];
  identity: ProcessIdentity;
}

/** What the kernel shows to programs on every processor that Node.js runs on; a host without `getconf` has it too. */
const USUAL_TICKS_PER_SECOND = 100;
let ticks: Promise<number> | undefined;

const ticksPerSecond = (): Promise<number> =>
  (ticks ??= execa("getconf", ["CLK_TCK"], { reject: false, timeout: 5000 }).then(
    ({ stdout }) => Number.parseInt(stdout, 10) || USUAL_TICKS_PER_SECOND,
  ));

/** Seconds, user and system. Fields 14 and 15, counted after the last bracket: field 2 is a name that may hold anything. */
const cpuSecondsOf = (stat: string, perSecond: number): number => {
  const fromState = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fromState[11]) + Number(fromState[12])) / perSecond;
};

const anonymousBytesOf = (status: string): number | undefined => {
  const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
};

const readPart = async (
  { part, role, identity }: MeasuredProcess,
  perSecond: number,
): Promise<ComponentUsage | undefined> => {
  const { pid, startTime } = identity;
  try {
    const [stat, status] = await Promise.all(
      ["stat", "status"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8")),
    );
    const atMs = nowMs();
    const memoryBytes = anonymousBytesOf(status ?? "");
    // After the reading: what was read was of this process, and no zombie's (which has no memory left).
    if (stat === undefined || memoryBytes === undefined || !isRunning(identity)) return undefined;
    const incarnation = `${pid}:${startTime}`;
    const cpuSeconds = cpuSecondsOf(stat, perSecond);
    return { part, role, incarnation, source: "procfs", cpuSeconds, memoryBytes, atMs };
  } catch {
    // It has just gone.
    return undefined;
  }
};

/**
 * One reading of each process that runs. Empty on other systems than Linux: their `ps` rounds CPU time to whole seconds and
 * tells only memory that is shared with other processes.
 */
export const readUsage = async (parts: readonly MeasuredProcess[]): Promise<ComponentUsage[]> => {
  if (process.platform !== "linux") return [];
  const perSecond = await ticksPerSecond();
  const readings = await Promise.all(parts.map((part) => readPart(part, perSecond)));
  return readings.filter((reading) => reading !== undefined);
};
