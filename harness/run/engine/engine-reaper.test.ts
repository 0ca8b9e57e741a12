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
} from "../../../common/processes/process-identity.ts";
import { startEngineReaper } from "./engine-reaper.ts";
import { createWorkFolder, engineFile, sweepWorkFolders } from "../results/work-folder.ts";

let root: string;
const started: ChildProcess[] = [];
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), "sse-lab-reaper-"))));
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

/**
 * A launcher and what it launches, in a group of their own, as `k6` with fetched extensions is.
 * Both are deaf to polite signals.
 */
const startGroup = async (): Promise<[leader: ProcessIdentity, member: ProcessIdentity]> => {
  const child = spawn("sh", ["-c", 'trap "" INT TERM; sleep 60 & echo $!; wait; wait'], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  started.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return [identify(child.pid ?? 0), identify(Number(line))];
};

/** Another process that runs the harness, with a reaper for the group. */
const startHarness = async (
  folder: string,
  leader: number,
): Promise<[harness: ChildProcess, reaper: ProcessIdentity]> => {
  const program = `
    const { startEngineReaper } = await import(${JSON.stringify(join(import.meta.dirname, "engine-reaper.ts"))});
    const reaper = await startEngineReaper(${JSON.stringify(folder)});
    reaper.watch(${leader});
    console.log(reaper.pid);
    setInterval(() => undefined, 1000);`;
  const harness = spawn(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", program],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  started.push(harness);
  const [line] = (await once(createInterface({ input: harness.stdout }), "line")) as [string];
  return [harness, identify(Number(line))];
};

const expectGone = (...all: ProcessIdentity[]): Promise<void> =>
  vi.waitFor(() => expect(all.filter(isRunning)).toEqual([]), { timeout: 10_000 });

it("kill -9 of the harness ends the engine and what the engine started", async () => {
  const [leader, member] = await startGroup();
  const [harness, reaper] = await startHarness(root, leader.pid);
  harness.kill("SIGKILL");
  await expectGone(leader, member, reaper);
  expect(existsSync(engineFile(root))).toBe(false);
});

it("kill -9 of harness and reaper: the next command ends the engine", async () => {
  const folder = await createWorkFolder("run", root);
  const [leader, member] = await startGroup();
  const [harness, reaper] = await startHarness(folder, leader.pid);
  // The folder is of the process that is about to be killed.
  const owner = { host: hostname(), ...identify(harness.pid ?? 0) };
  await writeFile(join(folder, "owner.json"), JSON.stringify(owner));
  expect((await sweepWorkFolders(root)).removed).toBe(0);
  process.kill(reaper.pid, "SIGKILL");
  harness.kill("SIGKILL");
  await once(harness, "exit");
  expect([leader, member].filter(isRunning)).toHaveLength(2);
  expect((await sweepWorkFolders(root)).removed).toBe(1);
  await expectGone(leader, member);
  expect(existsSync(folder)).toBe(false);
});

it("a reaper that leaves ends nothing and leaves no record", async () => {
  const [leader, member] = await startGroup();
  const reaper = await startEngineReaper(root);
  reaper.watch(leader.pid);
  expect(JSON.parse(await readFile(engineFile(root), "utf8"))).toEqual({ ...leader, group: true });
  const identity = identify(reaper.pid);
  await reaper.leave();
  await expectGone(identity);
  expect([leader, member].filter(isRunning)).toHaveLength(2);
  expect(existsSync(engineFile(root))).toBe(false);
});

it("a process that has already ended is not watched", async () => {
  const child = spawn("true", { stdio: "ignore" });
  await once(child, "exit");
  const reaper = await startEngineReaper(root);
  reaper.watch(child.pid ?? 0);
  expect(existsSync(engineFile(root))).toBe(false);
  await reaper.leave();
});
