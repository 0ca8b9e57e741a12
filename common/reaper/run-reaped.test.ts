import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAlive } from "../processes/process-identity.ts";
import { runReaped } from "./run-reaped.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-reaped-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/**
 * Starts a process of its own that never ends by itself, says its process id in the file `pid`, and
 * waits for it.
 */
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
  const good = await runReaped({ ...base(), args: ["-c", "echo out; echo err >&2"] });
  expect(good).toMatchObject({ failed: false, stalled: false });
  expect(good.output.split("\n").sort()).toEqual(["err", "out"]);
  expect(await runReaped({ ...base(), args: ["-c", "echo no; exit 3"] })).toEqual({
    failed: true,
    stalled: false,
    output: "no",
  });
});

test("a command that isn't there fails with its name", async () => {
  const result = await runReaped({ ...base(), command: "no-such-command", args: [] });
  expect(result.failed).toBe(true);
  expect(result.output).toContain("no-such-command");
});

test("an abort ends the command and what it started", async () => {
  const controller = new AbortController();
  const run = runReaped({ ...base(), args: endless(), signal: controller.signal });
  const pid = await pidOfEndless();
  controller.abort(new Error("interrupted"));
  await expect(run).rejects.toThrow("interrupted");
  await untilDead(pid);
});

/** Each look takes 600 ms of this clock, and next to none of real time. */
const fastClock = () => {
  let now = 0;
  let looks = 0;
  const onProgress = (): void => {
    now += 600;
    looks += 1;
  };
  return {
    options: { clock: () => now, lookMs: 5, onProgress, stallMs: 1000 },
    looks: () => looks,
  };
};

test("a command without progress is ended", async () => {
  const { options, looks } = fastClock();
  const idle = await runReaped({ ...base(), args: endless(), grows: [folder], ...options });
  expect(idle).toMatchObject({ failed: true, stalled: true });
  expect(looks()).toBeGreaterThanOrEqual(2);
  await untilDead(await pidOfEndless());
});

test.each([
  ["grows a folder", 'until [ -e "$1/go" ]; do echo x >> "$1/grows"; sleep 0.01; done'],
  ["prints", 'until [ -e "$1/go" ]; do echo x; sleep 0.01; done'],
])("a command that %s is not ended, however long it takes", async (_, script) => {
  // The clock moves on only after progress, so that a busy host cannot make the command look idle.
  let [now, steps, seen] = [0, 0, ""];
  const running = runReaped({
    ...base(),
    args: ["-c", script, "sh", folder],
    grows: [folder],
    stallMs: 1000,
    lookMs: 5,
    clock: () => now,
    onProgress: ({ lines, bytes }) => {
      if (seen === `${lines} ${bytes}`) return;
      seen = `${lines} ${bytes}`;
      now += 600;
      if (++steps === 10) void writeFile(join(folder, "go"), "");
    },
  });
  expect(await running).toMatchObject({ failed: false, stalled: false });
  expect(now).toBeGreaterThanOrEqual(6000);
});

test("the command ends when its owner is killed with SIGKILL", async () => {
  const script = `
    import { runReaped } from ${JSON.stringify(new URL("run-reaped.ts", import.meta.url).href)};
    const args = ${JSON.stringify(endless())};
    await runReaped({ command: "/bin/sh", args, cwd: "/", env: process.env });`;
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
