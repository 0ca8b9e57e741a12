import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockFolder } from "./pulumi-backend.ts";
import { releaseStaleLocks } from "./stack-lock.ts";

let backend: string;
const processes: ChildProcess[] = [];
const where = () => ({ backend, project: "lab", stack: "phase1" });
beforeEach(() => {
  backend = mkdtempSync(join(tmpdir(), "sse-lab-locks-"));
  mkdirSync(lockFolder(backend, "lab", "phase1"), { recursive: true });
});
afterEach(() => {
  for (const one of processes.splice(0)) one.kill("SIGKILL");
  rmSync(backend, { recursive: true });
});

/** As Pulumi writes it. */
const lock = (pid: number, host = hostname()): string => {
  const path = join(lockFolder(backend, "lab", "phase1"), `${pid}.json`);
  writeFileSync(
    path,
    JSON.stringify({ pid, username: "me", hostname: host, timestamp: "2026-01-01T00:00:00Z" }),
  );
  return path;
};

const start = (...args: string[]): number => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", ...args], {
    stdio: "ignore",
  });
  processes.push(child);
  return child.pid!;
};

test("the lock of a dead process is removed, and that is said", async () => {
  const pid = start("pulumi");
  const path = lock(pid);
  const child = processes.pop()!;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  const steps: string[] = [];
  await releaseStaleLocks(where(), 0, (step) => steps.push(step));
  expect(existsSync(path)).toBe(false);
  expect(steps).toEqual([
    `removing the lock that process ${pid} left on phase1 when it was killed`,
  ]);
});

test.skipIf(process.platform !== "linux")(
  "so is one whose pid another program has now",
  async () => {
    const path = lock(start("something-else"));
    await releaseStaleLocks(where(), 0);
    expect(existsSync(path)).toBe(false);
  },
);

test("the lock of a living Pulumi stays, and the error names the process and the fix", async () => {
  const pid = start("pulumi");
  const path = lock(pid);
  await expect(releaseStaleLocks(where(), 0)).rejects.toThrow(
    `phase1 is being changed by process ${pid}, since 2026-01-01T00:00:00Z. ` +
      `Fix: wait for it or end it (kill -INT ${pid})`,
  );
  expect(existsSync(path)).toBe(true);
});

test("a living Pulumi is waited for", async () => {
  const path = lock(start("pulumi"));
  const steps: string[] = [];
  await releaseStaleLocks(where(), 10_000, (step) => {
    steps.push(step);
    rmSync(path);
  });
  expect(steps).toHaveLength(1);
});

test("the lock of another host is nobody's to remove from here", async () => {
  const path = lock(1, "elsewhere");
  await expect(releaseStaleLocks(where(), 10_000)).rejects.toThrow(
    /locked by process 1 of host elsewhere/,
  );
  expect(existsSync(path)).toBe(true);
});
