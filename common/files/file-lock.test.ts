import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeLock, withLock } from "./file-lock.ts";
import { firstLine, permits, startIn } from "../test-support/namespaces.ts";
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
  await expect(waiting).rejects.toThrow(`${path} has been held for 0.02 s. Fix: remove ${path}.*`);
  await release?.();
});

/** A claim of a process that ended, as a kill leaves it. */
const leaveClaim = async (): Promise<void> => {
  const child = spawn("sleep", ["0"]);
  await once(child, "exit");
  const { startTime } = thisProcess();
  const owner = `${child.pid}.${encodeURIComponent(startTime)}`;
  await writeFile(`${path}.${owner}.${randomUUID()}`, "");
};

test("the lock of a killed owner is taken over", async () => {
  await leaveClaim();
  expect(await withLock(path, () => "mine")).toBe("mine");
  expect(await readdir(folder)).toEqual([]);
});

test("of processes that all find a dead owner's lock, one at a time holds it", async () => {
  const counter = join(folder, "counter");
  await writeFile(counter, "0");
  const count = `
    import { readFileSync, writeFileSync } from "node:fs";
    import { withLock } from ${JSON.stringify(new URL("file-lock.ts", import.meta.url).href)};
    const counter = ${JSON.stringify(counter)};
    for (let step = 0; step < 25; step += 1) {
      await withLock(${JSON.stringify(path)}, async () => {
        const before = Number(readFileSync(counter, "utf8"));
        await new Promise((done) => setImmediate(done));
        writeFileSync(counter, String(before + 1));
      }, { waitMs: 50_000, pollMs: 2 });
    }`;
  const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", count];
  const workers = [1, 2, 3, 4].map(() => spawn(process.execPath, args, { stdio: "inherit" }));
  const over = Promise.all(workers.map((worker) => once(worker, "exit")));
  while (workers.some(({ exitCode }) => exitCode === null)) await leaveClaim();
  expect((await over).map(([code]) => code as number)).toEqual([0, 0, 0, 0]);
  expect(await readFile(counter, "utf8")).toBe("100");
});

test.runIf(permits("pids"))(
  "the lock of a living owner in another container is left to it, a silent one's is taken over",
  async () => {
    const script = `
      import { takeLock } from ${JSON.stringify(new URL("file-lock.ts", import.meta.url).href)};
      console.log(typeof (await takeLock(${JSON.stringify(path)})));
      setInterval(() => undefined, 60_000);`;
    const owner = startIn(["pids"], script);
    try {
      expect(await firstLine(owner)).toBe("function");
      expect(await takeLock(path)).toBeUndefined();
    } finally {
      owner.kill("SIGKILL");
      await once(owner, "exit");
    }
    // From here its death cannot be seen, only its silence.
    expect(await takeLock(path)).toBeUndefined();
    const [claim = ""] = await readdir(folder);
    const before = new Date(Date.now() - 61_000);
    await utimes(join(folder, claim), before, before);
    expect(await withLock(path, () => "mine")).toBe("mine");
  },
);
