/** Samples how busy this host is, so that a noisy neighbour is on record (Linux only). */
import { readFileSync } from "node:fs";
import { nowMs } from "../../common/clock.ts";
import type { HostObservation, Recorder } from "../history/observation.ts";

/** Distance between two samples, milliseconds. */
const EVERY_MS = 1_000;

export interface HostSampler {
  start(): void;
  /** One last sample. Nothing is recorded afterwards. Safe to call twice. */
  stop(): void;
}

export function createHostSampler(
  recorder: Recorder,
  read: ReadFile = readFile,
  everyMs = EVERY_MS,
): HostSampler {
  let timer: NodeJS.Timeout | undefined;
  let before: HostCounters | undefined;
  const sample = (): void => {
    const now = readCounters(read);
    if (before && now) recorder.record(between(before, now));
    before = now;
  };
  return {
    start() {
      sample();
      timer ??= setInterval(sample, everyMs).unref();
    },
    stop() {
      if (timer) sample();
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/** Text of a file of /proc; undefined if this host has none. */
type ReadFile = (path: string) => string | undefined;

const readFile: ReadFile = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

/** CPU times are in ticks since the host started. */
interface HostCounters {
  busy: number;
  steal: number;
  total: number;
  /** Time in which a task waited for a core, microseconds; undefined if the kernel has no PSI. */
  waitedUs: number | undefined;
  runnable: number | undefined;
  atMs: number;
}

/** Fields of `cpu` in /proc/stat (proc(5)); the guest times after `steal` are part of others. */
const CPU_LINE = /^cpu +(\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)/m;

function readCounters(read: ReadFile): HostCounters | undefined {
  const found = CPU_LINE.exec(read("/proc/stat") ?? "");
  if (!found) return undefined;
  const times = found.slice(1).map(Number);
  const total = times.reduce((sum, ticks) => sum + ticks, 0);
  const [, , , idle = 0, ioWait = 0, , , steal = 0] = times;
  return {
    busy: total - idle - ioWait - steal,
    steal,
    total,
    waitedUs: numberIn(/^some .*total=(\d+)/m, read("/proc/pressure/cpu")),
    runnable: numberIn(/^\S+ \S+ \S+ (\d+)\//, read("/proc/loadavg")),
    atMs: nowMs(),
  };
}

const numberIn = (pattern: RegExp, text: string | undefined): number | undefined => {
  const found = pattern.exec(text ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
};

function between(before: HostCounters, now: HostCounters): HostObservation {
  const ticks = Math.max(1, now.total - before.total);
  const elapsedUs = Math.max(1, (now.atMs - before.atMs) * 1000);
  const share = (part: number, whole: number): number => Math.min(1, Math.max(0, part / whole));
  const { runnable } = now;
  return {
    type: "host",
    cpuBusyShare: share(now.busy - before.busy, ticks),
    stealShare: share(now.steal - before.steal, ticks),
    ...(now.waitedUs === undefined || before.waitedUs === undefined
      ? {}
      : { pressureShare: share(now.waitedUs - before.waitedUs, elapsedUs) }),
    ...(runnable === undefined ? {} : { runnable }),
    atMs: now.atMs,
  };
}
