import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { identityOf, isRunning, signalProcess, type ProcessIdentity } from "./process-identity.ts";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

const start = (script: string): ChildProcess => {
  const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  return child;
};

const identify = (pid: number | undefined): ProcessIdentity => {
  const identity = identityOf(pid ?? 0);
  if (!identity) throw new Error("no such process");
  return identity;
};

test("a process keeps its identity while it runs, and is ended by it", async () => {
  const child = start("exec sleep 60");
  const identity = identify(child.pid);
  expect(identify(child.pid)).toEqual(identity);
  expect(isRunning(identity)).toBe(true);
  expect(signalProcess(identity, "SIGKILL")).toBe(true);
  await once(child, "exit");
  expect(isRunning(identity)).toBe(false);
  expect(signalProcess(identity, "SIGKILL")).toBe(false);
});

test("a process that got the pid of an earlier one is not taken for it and not hit", () => {
  const child = start("exec sleep 60");
  const earlier: ProcessIdentity = { ...identify(child.pid), startTime: "another boot:1" };
  expect(isRunning(earlier)).toBe(false);
  expect(signalProcess(earlier, "SIGKILL")).toBe(false);
  expect(isRunning(identify(child.pid))).toBe(true);
});

test("a process that has exited and was not collected by its parent does not run", async () => {
  // Forks a child that ends at once and never waits for it; a shell might, before it becomes
  // another program.
  const parent = start(
    "exec python3 -c 'import os, time; pid = os.fork() or os._exit(0); print(pid, " +
      "flush=True); time.sleep(60)'",
  );
  const pid = await new Promise<number>((resolve) => {
    parent.stdout?.once("data", (data: Buffer) => resolve(Number.parseInt(data.toString(), 10)));
  });
  await vi.waitFor(() => expect(isRunning(identify(pid))).toBe(false));
});
