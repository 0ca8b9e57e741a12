import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StackOwner, StackRecord } from "../../../infra/stack/stack-args.ts";
import { stackRecords } from "../../../infra/stack/stack-record.ts";
import { identityOf, isRunning } from "../../../common/process-identity.ts";
import { holdStack, letGo, thisOwner, updateRecord } from "./hold-stack.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-hold-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const keep = (owner: StackOwner): StackRecord => {
  const record: StackRecord = {
    schemaVersion: 1,
    stack: "phase0",
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
    kept: true,
    owner,
  };
  stackRecords(folder).write(record);
  return record;
};
const released = (): StackOwner => ({ ...thisOwner(), startTime: `${thisOwner().startTime} released` });

test("of two that take hold of one stack at once, one gets it and the other is told who has it", async () => {
  keep(released());
  const both = await Promise.allSettled([1, 2].map(() => holdStack("phase0", folder)));
  expect(both.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(String(both.find((one) => one.status === "rejected")?.reason)).toContain(
    `phase0 is being changed by process ${process.pid}`,
  );
  letGo(stackRecords(folder).read("phase0")!, folder);
  const { owner, kept } = stackRecords(folder).read("phase0")!;
  expect(kept).toBe(true);
  expect(isRunning(owner)).toBe(false);
  await expect(holdStack("phase0", folder)).resolves.toMatchObject({ owner: thisOwner() });
  expect(readdirSync(folder)).toEqual(["phase0.json"]);
});

test("a living process keeps its stack, and a dead one does not", async () => {
  const other = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    keep({ host: hostname(), ...identityOf(other.pid!)! });
    await expect(holdStack("phase0", folder)).rejects.toThrow(`by process ${other.pid}`);
  } finally {
    other.kill("SIGKILL");
    await once(other, "exit");
  }
  await expect(holdStack("phase0", folder)).resolves.toMatchObject({ owner: thisOwner() });
});

test("the record of a stack that was taken down, or taken over, is not written again", () => {
  const record = keep(thisOwner());
  stackRecords(folder).remove("phase0");
  letGo(record, folder);
  expect(updateRecord(record, folder)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
  const theirs = keep({ ...thisOwner(), pid: process.ppid });
  expect(updateRecord(record, folder)).toBe(false);
  expect(stackRecords(folder).read("phase0")).toEqual(theirs);
});
