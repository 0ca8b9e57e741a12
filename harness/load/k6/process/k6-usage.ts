import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import {
  readMemory,
  readProcStat,
  TICKS_PER_SECOND,
} from "../../../../common/processes/proc-usage.ts";
import type { EngineObservation } from "../../../history/observation.ts";

interface GroupUsage {
  /**
   * User and system, seconds, of the processes that run: a process that has ended counts for its
   * parent.
   */
  cpuSeconds: number;
  /** Resident set, bytes, file pages included. */
  rssBytes: number;
}

/** What k6 uses, read while it runs: afterwards the kernel no longer has the figures. */
export class K6UsageMeter {
  readonly #group: number;
  #cpuSeconds: number | undefined;
  #rssBytes: number | undefined;
  /** Of the measured load: first and last reading. */
  #first: { cpuSeconds: number; atMs: number } | undefined;
  #last: { cpuSeconds: number; atMs: number } | undefined;

  constructor(group: number) {
    this.#group = group;
  }

  /** @param measured whether the load is on, so that the reading counts for how busy k6 was */
  read(atMs: number, measured: boolean): void {
    const usage = readGroupUsage(this.#group);
    if (usage === undefined) return;
    const { cpuSeconds, rssBytes } = usage;
    // The last reading may be of a process that is just going: what it had used does not become
    // less.
    this.#cpuSeconds = Math.max(cpuSeconds, this.#cpuSeconds ?? 0);
    this.#rssBytes = Math.max(rssBytes, this.#rssBytes ?? 0);
    if (!measured) return;
    this.#first ??= { cpuSeconds, atMs };
    this.#last = { cpuSeconds, atMs };
  }

  /** Figures are undefined when the host does not provide them. */
  figures(): Pick<EngineObservation, "utilisation" | "cpuSeconds" | "rssBytes"> {
    const [first, last] = [this.#first, this.#last];
    const measured = first && last && last.atMs > first.atMs;
    return {
      ...(measured
        ? {
            utilisation:
              Math.max(0, last.cpuSeconds - first.cpuSeconds) /
              ((last.atMs - first.atMs) / 1000) /
              availableParallelism(),
          }
        : {}),
      ...(this.#cpuSeconds === undefined ? {} : { cpuSeconds: this.#cpuSeconds }),
      ...(this.#rssBytes === undefined ? {} : { rssBytes: this.#rssBytes }),
    };
  }
}

/**
 * All processes of a group together: `k6` may be a launcher that starts another k6 with the
 * extensions that a script needs. Undefined when none is left, and on other systems than Linux.
 */
function readGroupUsage(group: number): GroupUsage | undefined {
  let pids: string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  let [members, ticks, rssBytes] = [0, 0, 0];
  for (const pid of pids) {
    const stat = readProcStat(Number(pid));
    if (stat?.processGroup !== group) continue;
    members += 1;
    ticks += stat.cpuTicks;
    // A member that has exited and is not collected yet has no memory.
    rssBytes += readMemory(Number(pid), "VmRSS") ?? 0;
  }
  return members === 0 ? undefined : { cpuSeconds: ticks / TICKS_PER_SECOND, rssBytes };
}
