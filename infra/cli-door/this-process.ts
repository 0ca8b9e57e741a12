/** The process that brings a stack up, named so that a later command can tell whether it still runs. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { StackOwner } from "../stack-args.ts";

/** proc(5): fields are counted after the last bracket, the name before it may hold anything. With the boot id, since ticks count from boot. */
const linuxStartTime = (): string => {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fromState = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return `${bootId}:${fromState[19] ?? ""}`;
};

const posixStartTime = (): string =>
  execFileSync("ps", ["-o", "lstart=", "-p", String(process.pid)], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" },
  })
    .trim()
    .split(/\s+/)
    .join(" ");

/** The same text as the harness reads for a pid: see `harness/platform/local/process-identity.ts`. */
export const thisProcess = (): StackOwner => ({
  host: hostname(),
  pid: process.pid,
  startTime: process.platform === "linux" ? linuxStartTime() : posixStartTime(),
});
