import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { stackRecords } from "../../../infra/stack/stack-record.ts";
import { identityOf, isRunning } from "../../../common/processes/process-identity.ts";
import { DeploymentRegistry } from "./deployment-registry.ts";
import {
  describeOwner,
  isFromHere,
  released,
  thisOwner,
  type Owner,
} from "../../../common/processes/owner.ts";
import { sweepRegistry } from "./sweep.ts";

let folder: string;
/** Ids of the deployments of which something runs. */
let up: Set<string>;
let registry: DeploymentRegistry<StackRecord>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-registry-"));
  up = new Set();
  registry = new DeploymentRegistry({
    records: stackRecords(folder),
    ownerOf: ({ owner }) => owner,
    withOwner: (record, owner) => ({ ...record, owner }),
    whyForeign: ({ owner }) => (isFromHere(owner) ? undefined : describeOwner(owner)),
    isUp: ({ stack }) => up.has(stack),
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

const recordOf = (stack: string, owner: Owner, kept = true): StackRecord => ({
  schemaVersion: 1,
  stack,
  topology: "phase0",
  replicas: 1,
  images: { server: "sha256:1", router: "sha256:2" },
  revision: "1",
  graceS: 10,
  ports: {},
  sessionSecret: "x".repeat(32),
  redis: "up",
  labels: {},
  startedAt: "2026-01-01T00:00:00.000Z",
  kept,
  owner,
});
const keep = (owner: Owner, stack = "phase0"): StackRecord => {
  const record = recordOf(stack, owner);
  registry.records.write(record);
  return record;
};
const dead = (): Owner => released(thisOwner());

test("of two that acquire a deployment at once, one gets it and the other an error", async () => {
  keep(dead());
  const both = await Promise.allSettled([1, 2].map(() => registry.acquire("phase0")));
  expect(both.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(String(both.find((one) => one.status === "rejected")?.reason)).toContain(
    `phase0 is being changed by process ${process.pid}`,
  );
  registry.release(registry.records.read("phase0")!);
  const { owner, kept } = registry.records.read("phase0")!;
  expect(kept).toBe(true);
  expect(isRunning(owner)).toBe(false);
  await expect(registry.acquire("phase0")).resolves.toMatchObject({ owner: thisOwner() });
  expect(readdirSync(folder)).toEqual(["phase0.json"]);
});

test("a living process owns its deployment, and a dead one does not", async () => {
  const other = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    keep({ host: hostname(), ...identityOf(other.pid!)! });
    await expect(registry.acquire("phase0")).rejects.toThrow(`by process ${other.pid}`);
  } finally {
    other.kill("SIGKILL");
    await once(other, "exit");
  }
  await expect(registry.acquire("phase0")).resolves.toMatchObject({ owner: thisOwner() });
});

test("a record that was removed or belongs to another process is not written", () => {
  const record = keep(thisOwner());
  registry.records.remove("phase0");
  registry.release(record);
  expect(registry.update(record)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
  const theirs = keep({ ...thisOwner(), pid: process.ppid });
  expect(registry.update(record)).toBe(false);
  expect(registry.records.read("phase0")).toEqual(theirs);
});

test("an id is registered once, and the error says who has it", () => {
  registry.register(recordOf("phase0", thisOwner(), false));
  const again = (): void => registry.register(recordOf("phase0", thisOwner()));
  expect(again).toThrow(`phase0 is being brought up by process ${process.pid} of ${hostname()}`);
  registry.update(recordOf("phase0", thisOwner()));
  expect(again).toThrow("phase0 is up already");
  expect(readdirSync(folder)).toEqual(["phase0.json"]);
});

/** One record for each status, and a file that is no record. */
const keepOneOfEach = (): void => {
  up = new Set(["detached", "foreign", "killed"]);
  keep(dead(), "detached");
  keep(dead(), "stopped");
  keep(thisOwner(), "busy");
  keep({ host: "elsewhere", pid: 1, startTime: "another boot:1" }, "foreign");
  registry.records.write(recordOf("killed", dead(), false));
  writeFileSync(join(folder, "torn.json"), "{");
};

test("only a detached deployment that is up counts as running", async () => {
  keepOneOfEach();
  const statuses = registry.records.list().records.map(async (record) => {
    return [record.stack, await registry.status(record)];
  });
  expect(Object.fromEntries((await Promise.all(statuses)) as [string, string][])).toEqual({
    busy: "owned",
    detached: "running",
    foreign: "foreign",
    killed: "leftover",
    stopped: "leftover",
  });
  const ids = async (): Promise<string[]> =>
    (await registry.findRunning()).map(({ stack }) => stack);
  expect(await ids()).toEqual(["detached"]);
  // One that a command changes runs too.
  up.add("busy");
  expect(await ids()).toEqual(["busy", "detached"]);
  await expect(registry.requireRunning("detached")).resolves.toBeUndefined();
  await expect(registry.requireRunning("killed")).rejects.toThrow(
    'no deployment "killed" is up; there are: busy, detached',
  );
});

const sweep = async (alsoRunning: boolean, fail?: string) => {
  const removed: [id: string, isLeftover: boolean][] = [];
  const report = await sweepRegistry(registry, {
    alsoRunning,
    remove: async ({ stack }, isLeftover, isStillOurs) => {
      if (!(await isStillOurs())) return undefined;
      if (stack === fail) throw new Error("no");
      removed.push([stack, isLeftover]);
      registry.records.remove(stack);
      return "all of it";
    },
  });
  return { removed, report };
};

test("a sweep removes leftovers only, and reports the rest by its status", async () => {
  keepOneOfEach();
  const { removed, report } = await sweep(false, "stopped");
  expect(removed).toEqual([["killed", true]]);
  expect(report).toEqual({
    swept: [{ id: "killed", what: "all of it" }],
    kept: ["detached"],
    owned: ["busy"],
    foreign: [
      {
        id: "foreign",
        why:
          "process 1 of elsewhere, another host or container; if that is gone for good, remove " +
          join(folder, "foreign.json"),
      },
    ],
    problems: [expect.stringContaining("torn.json: not JSON"), "stopped: no"],
  });
});

test("down also removes what was detached, and nothing that lives or is foreign", async () => {
  keepOneOfEach();
  const { removed, report } = await sweep(true);
  expect(removed).toEqual([
    ["detached", false],
    ["killed", true],
    ["stopped", true],
  ]);
  expect(report).toMatchObject({ kept: [], owned: ["busy"], foreign: [{ id: "foreign" }] });
  expect(registry.records.list().records.map(({ stack }) => stack)).toEqual(["busy", "foreign"]);
});

test("a leftover that another command acquires before its removal is left alone", async () => {
  keep(dead());
  const report = await sweepRegistry(registry, {
    alsoRunning: false,
    remove: async (_, __, isStillOurs) => {
      await registry.acquire("phase0");
      return (await isStillOurs()) ? "all of it" : undefined;
    },
  });
  expect(report).toMatchObject({ swept: [], owned: ["phase0"], problems: [] });
  expect(registry.records.read("phase0")).toMatchObject({ owner: thisOwner() });
});
