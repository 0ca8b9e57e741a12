import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeLock, withLock } from "./file-lock.ts";
import { thisProcess } from "../processes/process-identity.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-lock-test-"));
  path = join(folder, "x.lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("actions under one lock run one after the other, and it is gone afterwards", async () => {
  const steps: string[] = [];
  const action = (name: string) => async (): Promise<void> => {
    steps.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    steps.push(`${name} ends`);
  };
  await Promise.all([withLock(path, action("a")), withLock(path, action("b"))]);
  const [first, second] = steps[0] === "a begins" ? ["a", "b"] : ["b", "a"];
  expect(steps).toEqual([`${first} begins`, `${first} ends`, `${second} begins`, `${second} ends`]);
  expect(await readdir(folder)).toEqual([]);
});

test("an action that fails releases the lock", async () => {
  const failing = withLock(path, () => Promise.reject(new Error("disk full")));
  await expect(failing).rejects.toThrow("disk full");
  expect(await withLock(path, () => "next")).toBe("next");
});

test("a lock that stays held is reported with its path", async () => {
  const release = await takeLock(path);
  const waiting = withLock(path, () => undefined, { waitMs: 20, pollMs: 1 });
  await expect(waiting).rejects.toThrow(`${path} has been held for 0.02 s. Fix: remove it`);
  await release?.();
});

test("the lock of a killed owner is taken over", async () => {
  const child = spawn("sleep", ["0"]);
  await once(child, "exit");
  await writeFile(path, JSON.stringify({ ...thisProcess(), pid: child.pid }));
  expect(await withLock(path, () => "mine")).toBe("mine");
});

test("a lock that names no owner is taken over when it is no longer being written", async () => {
  await writeFile(path, "");
  expect(await takeLock(path)).toBeUndefined();
  expect(await readdir(folder)).toEqual(["x.lock"]);
  const before = new Date(Date.now() - 6000);
  await utimes(path, before, before);
  expect(await withLock(path, () => "mine")).toBe("mine");
});
