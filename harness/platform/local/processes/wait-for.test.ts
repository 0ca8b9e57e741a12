import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, afterEach, expect, test } from "vitest";
import { startProcess, type LoggedProcess } from "./logged-process.ts";
import { waitFor } from "../../../../common/wait-for.ts";

const folder = mkdtempSync(join(tmpdir(), "sse-lab-wait-test-"));
const started: LoggedProcess[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) {
    one.signal("SIGKILL");
    await one.exited;
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = async (script: string): Promise<LoggedProcess> => {
  const logFile = join(folder, "log");
  const one = await startProcess({
    name: "part",
    command: "sh",
    args: ["-c", script],
    env: {},
    cwd: folder,
    logFile,
  });
  started.push(one);
  return one;
};

test("a wait ends when its condition is met, errors on the way included", async () => {
  let looks = 0;
  await waitFor({
    name: "the third look",
    timeoutMs: 5000,
    intervalMs: 1,
    condition: () => {
      looks += 1;
      if (looks === 1) throw new Error("not yet");
      return looks === 3 || "too early";
    },
  });
  expect(looks).toBe(3);
});

test("a look without an answer ends after 2 s, even if garbage is collected meanwhile", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const collecting = setInterval(collect, 50);
  let looks = 0;
  try {
    await waitFor({
      name: "the second look",
      timeoutMs: 20_000,
      condition: (signal) => {
        looks += 1;
        if (looks > 1) return true;
        return new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason as Error)),
        );
      },
    });
  } finally {
    clearInterval(collecting);
  }
  expect(looks).toBe(2);
});

test("a wait that times out reports its name, what it saw last and the log", async () => {
  const part = await run("echo first; echo second; exec sleep 60");
  const wait = waitFor({
    name: "part to be ready",
    timeoutMs: 300,
    condition: () => "it answered 503",
    processes: [part],
  });
  await expect(wait).rejects.toThrow(
    "waiting for part to be ready: not within 300 ms (last seen: it answered 503)\nlast " +
      "log lines of part:\nfirst\nsecond",
  );
});

test("a process that exits fails the wait at once, with its own output only", async () => {
  await run("echo of an earlier process").then((earlier) => earlier.exited);
  const part = await run("echo no memory; exit 1");
  const wait = waitFor({
    name: "part",
    timeoutMs: 60_000,
    condition: () => "nothing",
    processes: [part],
  });
  const error = await wait.catch((reason: unknown) => reason as Error);
  expect(error).toHaveProperty(
    "message",
    expect.stringMatching(/part exited meanwhile\n.*:\nno memory$/),
  );
});

test("a process that exits ends a look that would never answer", async () => {
  const part = await run("sleep 0.1; echo port taken; exit 1");
  const condition = (signal: AbortSignal): Promise<true> =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("given up"))),
    );
  const wait = waitFor({ name: "part", timeoutMs: 60_000, condition, processes: [part] });
  await expect(wait).rejects.toThrow(/port taken/);
});

test("an answer does not count when the process that should have given it has exited", async () => {
  const part = await run("echo port taken; exit 1");
  await part.exited;
  const wait = waitFor({
    name: "part",
    timeoutMs: 60_000,
    condition: () => true,
    processes: [part],
  });
  await expect(wait).rejects.toThrow(/port taken/);
});

test("an aborted wait rejects with the reason of the abort", async () => {
  const controller = new AbortController();
  const wait = waitFor({
    name: "never",
    timeoutMs: 60_000,
    condition: () => "nothing",
    signal: controller.signal,
  });
  controller.abort(new Error("interrupted by Ctrl-C"));
  await expect(wait).rejects.toThrow("interrupted by Ctrl-C");
});
