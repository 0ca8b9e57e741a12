/** The process that brings a stack up, named so that a later command can tell whether it still runs. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { StackOwner } from "../stack/stack-args.ts";

/** proc(5): fields are counted after the last bracket, the name before it may hold anything. With the boot id, since ticks count from boot. */
const linuxStartTime = (pid: number): string | undefined => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fromState = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // It has ended, its parent has not collected it yet.
  if (fromState[0] === "Z" || fromState[0] === "X") return undefined;
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return `${bootId}:${fromState[19] ?? ""}`;
};

const posixStartTime = (pid: number): string | undefined => {
  const [state = "", ...start] = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" },
  })
    .trim()
    .split(/\s+/);
  return state.startsWith("Z") ? undefined : start.join(" ");
};

/** The same text as the harness reads for a pid: see `common/process-identity.ts`. */
const startTimeOf = process.platform === "linux" ? linuxStartTime : posixStartTime;

export const thisProcess = (): StackOwner => {
  const startTime = startTimeOf(process.pid);
  if (startTime === undefined) throw new Error("this process does not find itself in the process table");
  return { host: hostname(), pid: process.pid, startTime };
};

/** Does a process other than this one own it, and still run? */
export const isAnothers = ({ pid, startTime }: StackOwner): boolean => {
  if (pid === process.pid) return false;
  try {
    return startTimeOf(pid) === startTime;
  } catch {
    // There is no process of this id.
    return false;
  }
};
