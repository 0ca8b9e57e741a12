import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import type { TopologyName } from "../../../infra/topologies.ts";
import { STAND_IN } from "../../../infra/realtime/realtime-names.ts";
import { attach, downAll, findRunning, sweepLeftovers } from "./running-deployments.ts";
import { createTestLab, processesOf } from "./test-support/test-lab.ts";

const placeSchema = z.object({
  id: z.string(),
  url: z.string(),
  workDir: z.string(),
  folder: z.string(),
  stateDir: z.string(),
});
type Place = z.infer<typeof placeSchema>;

const harnesses: ChildProcess[] = [];
const places: Place[] = [];
afterEach(async () => {
  for (const harness of harnesses.splice(0)) harness.kill("SIGKILL");
  for (const { folder, stateDir } of places.splice(0)) {
    await vi.waitFor(async () => expect((await downAll(stateDir)).owned).toEqual([]));
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A harness with a topology up in a process of its own. */
const startHarness = async (
  topology: TopologyName,
  ...args: string[]
): Promise<{ harness: ChildProcess; place: Place }> => {
  const program = join(import.meta.dirname, "test-support/harness-process.ts");
  const harness = spawn(process.execPath, ["--import", "tsx", program, topology, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  harnesses.push(harness);
  const [line] = (await once(createInterface({ input: harness.stdout }), "line")) as [string];
  const place = placeSchema.parse(JSON.parse(line));
  places.push(place);
  return { harness, place };
};

const reaperPid = (workDir: string): number =>
  Number.parseInt(processesOf(workDir).find((line) => line.includes("reaper.js")) ?? "", 10);

test("kill -9 of the harness: the reaper ends every process and removes every file", async () => {
  const { harness, place } = await startHarness("phase2");
  // Three servers, router, broker, reaper.
  expect(processesOf(place.workDir)).toHaveLength(6);
  harness.kill("SIGKILL");
  await vi.waitFor(() => expect(processesOf(place.workDir)).toEqual([]), { timeout: 10_000 });
  await vi.waitFor(() => expect(existsSync(join(place.stateDir, `${place.id}.json`))).toBe(false));
  expect(existsSync(place.workDir)).toBe(false);
});

test("one command kills and starts Realtime, and another one takes it down", async () => {
  const { harness, place } = await startHarness("phase3", "--detach");
  await once(harness, "exit");
  // Three servers, router, Realtime.
  expect(processesOf(place.workDir)).toHaveLength(5);
  const standIn = (): string[] =>
    processesOf(place.workDir).filter((line) => line.includes(STAND_IN));
  const exits: string[] = [];
  const attached = await attach(
    place.id,
    { onComponentExit: (part) => void exits.push(part) },
    place.stateDir,
  );
  const [before] = standIn();
  await attached.realtime?.control?.kill();
  expect(standIn()).toEqual([]);
  await attached.realtime?.control?.start();
  expect(standIn()).toHaveLength(1);
  expect(standIn()[0]).not.toBe(before);
  await attached.detach();
  expect(exits).toEqual([]);

  expect((await downAll(place.stateDir)).swept).toEqual([{ id: place.id, what: "5 processes" }]);
  expect(processesOf(place.workDir)).toEqual([]);
  expect(existsSync(place.workDir)).toBe(false);
});

test("kill -9 of the harness with Realtime up: nothing of it is left", async () => {
  const { harness, place } = await startHarness("phase3");
  // And the reaper.
  expect(processesOf(place.workDir)).toHaveLength(6);
  harness.kill("SIGKILL");
  await vi.waitFor(() => expect(processesOf(place.workDir)).toEqual([]), { timeout: 10_000 });
});

test("the reaper does not obey the signals of a terminal", async () => {
  const { harness, place } = await startHarness("phase2");
  const pid = reaperPid(place.workDir);
  process.kill(pid, "SIGINT");
  process.kill(pid, "SIGTERM");
  process.kill(pid, "SIGHUP");
  harness.kill("SIGKILL");
  await vi.waitFor(() => expect(processesOf(place.workDir)).toEqual([]), { timeout: 10_000 });
});

test("the next command sweeps what is left when the reaper was killed too", async () => {
  const { harness, place } = await startHarness("phase2");
  expect((await sweepLeftovers(place.stateDir)).owned).toEqual([place.id]);
  process.kill(reaperPid(place.workDir), "SIGKILL");
  harness.kill("SIGKILL");
  await once(harness, "exit");
  expect(processesOf(place.workDir).length).toBeGreaterThanOrEqual(5);
  const report = await sweepLeftovers(place.stateDir);
  expect(report.swept).toEqual([{ id: place.id, what: "5 processes" }]);
  expect(report.problems).toEqual([]);
  // A killed process may still be there for a moment on a busy host.
  await vi.waitFor(() => expect(processesOf(place.workDir)).toEqual([]), { timeout: 10_000 });
  expect(existsSync(place.workDir)).toBe(false);
  expect((await sweepLeftovers(place.stateDir)).swept).toEqual([]);
});

test("other commands find, bounce and take down a detached deployment", async () => {
  const { harness, place } = await startHarness("phase2", "--detach");
  await once(harness, "exit");
  const report = await sweepLeftovers(place.stateDir);
  expect(report).toMatchObject({ swept: [], kept: [place.id] });
  const found = await findRunning(place.stateDir);
  expect(found).toMatchObject([{ id: place.id, topology: "phase2", url: place.url }]);
  for (const [name, url] of Object.entries(found[0]?.instanceUrls ?? {})) {
    expect((await fetch(`${url}/healthz`)).headers.get("x-instance")).toBe(name);
  }
  expect(Object.keys(found[0]?.instanceUrls ?? {})).toEqual(found[0]?.instances);
  expect(processesOf(place.workDir)).toHaveLength(5);

  const reports: string[] = [];
  const onInstance = (name: string, state: string): void => void reports.push(`${name} ${state}`);
  const attached = await attach(place.id, { onInstance }, place.stateDir);
  await attached.control.stop("server-2", 10_000);
  await attached.control.start("server-2");
  await attached.control.kill("server-3");
  await attached.control.start("server-3");
  await attached.detach();
  expect(reports).toEqual([
    "server-2 not-ready",
    "server-2 stopped",
    "server-2 started",
    "server-2 ready",
    "server-3 killed",
    "server-3 started",
    "server-3 ready",
  ]);
  expect((await fetch(`${place.url}/readyz`)).status).toBe(200);

  expect((await downAll(place.stateDir)).swept).toEqual([{ id: place.id, what: "5 processes" }]);
  expect(processesOf(place.workDir)).toEqual([]);
  expect(existsSync(place.workDir)).toBe(false);
});

test("no other command removes the deployment of a running command", async () => {
  const lab = createTestLab();
  try {
    const deployment = await lab.up("phase0");
    expect((await downAll(lab.stateDir)).owned).toEqual([deployment.id]);
    expect((await fetch(`${deployment.url}/readyz`)).status).toBe(200);
    await expect(attach(deployment.id, {}, lab.stateDir)).rejects.toThrow(
      /no deployment .* is up; there are: none/,
    );
    const state = readFileSync(join(lab.stateDir, `${deployment.id}.json`), "utf8");
    expect(state).toContain(`"pid": ${process.pid}`);
  } finally {
    await lab.close();
  }
});
