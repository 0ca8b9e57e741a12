import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAlive } from "../process-identity.ts";
import { runGuarded } from "./guarded-process.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-guarded-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Starts a process of its own that never ends by itself, says its process id in the file `pid`, and waits for it. */
const ENDLESS = 'sleep 600 & echo $! > "$1/pid.new"; mv "$1/pid.new" "$1/pid"; wait';
const endless = () => ["-c", ENDLESS, "sh", folder];

const pidOfEndless = async (): Promise<number> => {
  for (;;) {
    const text = await readFile(join(folder, "pid"), "utf8").catch(() => "");
    if (text !== "") return Number.parseInt(text, 10);
    await sleep(20);
  }
};
const untilDead = async (pid: number): Promise<void> => {
  while (isAlive(pid)) await sleep(20);
};

const base = () => ({ command: "/bin/sh", cwd: folder, env: process.env });

test("gives output and outcome", async () => {
  const good = await runGuarded({ ...base(), args: ["-c", "echo out; echo err >&2"] });
  expect(good).toMatchObject({ failed: false, stalled: false });
  expect(good.output.split("\n").sort()).toEqual(["err", "out"]);
  expect(await runGuarded({ ...base(), args: ["-c", "echo no; exit 3"] })).toEqual({
    failed: true,
    stalled: false,
    output: "no",
  });
});

test("a command that isn't there fails with its name", async () => {
  const result = await runGuarded({ ...base(), command: "no-such-command", args: [] });
  expect(result.failed).toBe(true);
  expect(result.output).toContain("no-such-command");
});

test("an abort ends the command and what it started", async () => {
  const controller = new AbortController();
  const run = runGuarded({ ...base(), args: endless(), signal: controller.signal });
  const pid = await pidOfEndless();
  controller.abort(new Error("interrupted"));
  await expect(run).rejects.toThrow("interrupted");
  await untilDead(pid);
});

test("a command without progress is ended, one with progress isn't", async () => {
  const idle = await runGuarded({ ...base(), args: endless(), grows: [folder], stallMs: 1000 });
  expect(idle).toMatchObject({ failed: true, stalled: true });
  await untilDead(await pidOfEndless());
  const growing = 'for i in $(seq 30); do sleep 0.2; echo $i >> "$1/grows"; done';
  const busy = await runGuarded({
    ...base(),
    args: ["-c", growing, "sh", folder],
    grows: [folder],
    // Above the two seconds between two looks, below the six that the command takes.
    stallMs: 4000,
  });
  expect(busy).toMatchObject({ failed: false, stalled: false });
});

test("the command ends when its owner is killed with SIGKILL", async () => {
  const script = `
    import { runGuarded } from ${JSON.stringify(new URL("guarded-process.ts", import.meta.url).href)};
    const args = ${JSON.stringify(endless())};
    await runGuarded({ command: "/bin/sh", args, cwd: "/", env: process.env });`;
  const file = join(folder, "owner.mjs");
  await writeFile(file, script);
  const args = ["--import", import.meta.resolve("tsx"), file];
  const owner = execa(process.execPath, args, { reject: false });
  const pid = await pidOfEndless();
  expect(isAlive(pid)).toBe(true);
  owner.kill("SIGKILL");
  await owner;
  await untilDead(pid);
});
