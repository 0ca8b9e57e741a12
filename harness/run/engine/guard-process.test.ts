import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  identityOf,
  isRunning,
  signalProcess,
  type ProcessIdentity,
} from "../../../common/process-identity.ts";
import { startGuard } from "./guard-process.ts";
import { createWorkFolder, guestFile, sweepWorkFolders } from "../results/work-folder.ts";

let root: string;
const started: ChildProcess[] = [];
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), "sse-lab-guard-"))));
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill("SIGKILL");
    const identity = identityOf(child.pid ?? 0);
    if (identity) signalProcess({ ...identity, group: true }, "SIGKILL");
  }
  await rm(root, { recursive: true, force: true });
});

const identify = (pid: number): ProcessIdentity => {
  const identity = identityOf(pid);
  if (!identity) throw new Error(`no process ${pid}`);
  return identity;
};

/** A launcher and what it launches, in a group of their own, as `k6` with fetched extensions is. Both are deaf to polite signals. */
const startGroup = async (): Promise<[leader: ProcessIdentity, member: ProcessIdentity]> => {
  const child = spawn("sh", ["-c", 'trap "" INT TERM; sleep 60 & echo $!; wait; wait'], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  started.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return [identify(child.pid ?? 0), identify(Number(line))];
};

/** A harness that guards a group, in a process of its own. */
const startHarness = async (
  folder: string,
  leader: number,
): Promise<[harness: ChildProcess, guard: ProcessIdentity]> => {
  const program = `
    const { startGuard } = await import(${JSON.stringify(join(import.meta.dirname, "guard-process.ts"))});
    const guard = await startGuard(${JSON.stringify(folder)});
    guard.watch(${leader});
    console.log(guard.pid);
    setInterval(() => undefined, 1000);`;
  const harness = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(harness);
  const [line] = (await once(createInterface({ input: harness.stdout }), "line")) as [string];
  return [harness, identify(Number(line))];
};

const expectGone = (...all: ProcessIdentity[]): Promise<void> =>
  vi.waitFor(() => expect(all.filter(isRunning)).toEqual([]), { timeout: 10_000 });

it("kill -9 of the harness ends what it guarded, and what that started", async () => {
  const [leader, member] = await startGroup();
  const [harness, guard] = await startHarness(root, leader.pid);
  harness.kill("SIGKILL");
  await expectGone(leader, member, guard);
  expect(existsSync(guestFile(root))).toBe(false);
});

it("kill -9 of the harness and of the guard: the next command ends it", async () => {
  const folder = await createWorkFolder("run", root);
  const [leader, member] = await startGroup();
  const [harness, guard] = await startHarness(folder, leader.pid);
  // The folder is of the process that is about to be killed.
  const owner = { host: hostname(), ...identify(harness.pid ?? 0) };
  await writeFile(join(folder, "owner.json"), JSON.stringify(owner));
  expect(await sweepWorkFolders(root)).toBe(0);
  process.kill(guard.pid, "SIGKILL");
  harness.kill("SIGKILL");
  await once(harness, "exit");
  expect([leader, member].filter(isRunning)).toHaveLength(2);
  expect(await sweepWorkFolders(root)).toBe(1);
  await expectGone(leader, member);
  expect(existsSync(folder)).toBe(false);
});

it("a guard that is released touches nothing, and leaves no record", async () => {
  const [leader, member] = await startGroup();
  const guard = await startGuard(root);
  guard.watch(leader.pid);
  expect(JSON.parse(await readFile(guestFile(root), "utf8"))).toEqual({ ...leader, group: true });
  const reaper = identify(guard.pid);
  await guard.release();
  await expectGone(reaper);
  expect([leader, member].filter(isRunning)).toHaveLength(2);
  expect(existsSync(guestFile(root))).toBe(false);
});

it("a process that has ended already is not watched", async () => {
  const child = spawn("true", { stdio: "ignore" });
  await once(child, "exit");
  const guard = await startGuard(root);
  guard.watch(child.pid ?? 0);
  expect(existsSync(guestFile(root))).toBe(false);
  await guard.release();
});
