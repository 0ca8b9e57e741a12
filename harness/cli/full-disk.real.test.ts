/** Full and read-only disks under results and state: one line, exit code 2, nothing left behind. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CAN_MOUNT } from "../../common/test-support/small-disk.ts";
import { fromRoot, PROJECT_ROOT, STATE_ROOT } from "../../common/paths.ts";
import { processesOf } from "../platform/local/test-support/test-lab.ts";
import { NO_ENGINE } from "./test-support/run-command.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-disk-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const small = (path: string, kilobytes: number): string =>
  `mkdir -p '${path}' && mount -t tmpfs -o size=${kilobytes}k x '${path}'`;
const readOnly = (path: string): string =>
  `mount --bind '${path}' '${path}' && mount -o remount,bind,ro '${path}'`;

/** Runs a command with mounts that only it sees. */
async function run(mounts: string, args: readonly string[]) {
  const lab = [process.execPath, fromRoot("harness/cli/sse-lab.mjs"), ...args];
  const script = `${mounts} && exec "$@"`;
  const { stderr, exitCode } = await execa("unshare", ["-rm", "sh", "-c", script, "sh", ...lab], {
    cwd: PROJECT_ROOT,
    env: NO_ENGINE,
    reject: false,
  });
  return { exitCode, said: stderr.split("\n").filter((line) => line.startsWith("sse-lab: ")) };
}

const load = (out: string): string[] => [
  ...["loadtest", "--platform", "local", "--topologies", "phase0", "--bounces", "none"],
  ...["--arrival", "ramp", "--sessions", "30", "--duration", "3", "--ramp", "1", "--out", out],
];

const WORK = join(STATE_ROOT, "work");
const STATE = join(STATE_ROOT, "state");

describe.runIf(CAN_MOUNT)("a disk", () => {
  test.each<[string, () => string, RegExp]>([
    [
      "that is too small for the history",
      () => small(folder, 4),
      /results cannot be written \(ENOSPC\); free some space there, or name another folder/,
    ],
    [
      "that is too small for the report",
      () => small(folder, 64),
      /results cannot be written \(ENOSPC\); free some space there, or name another folder/,
    ],
    [
      "that is read-only",
      () => readOnly(folder),
      /--out .*: cannot be written \(EROFS\); name a folder that you can write/,
    ],
  ])("for results %s", async (_what, mounts, line) => {
    const { exitCode, said } = await run(mounts(), load(join(folder, "out")));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(line);
    expect(exitCode).toBe(2);
    expect(processesOf(folder)).toEqual([]);
  });

  test.each<[string, () => string, RegExp]>([
    [
      "that is full",
      () => small(WORK, 4),
      /no space left on device.*; free some space for the results and for /,
    ],
    [
      "that fills during the run",
      () => small(WORK, 200),
      /no space left on device.*; free some space for the results and for /,
    ],
    ["that is read-only", () => readOnly(STATE_ROOT), /cannot be written \(EROFS\)/],
  ])("for state %s", async (_what, mounts, line) => {
    const { exitCode, said } = await run(mounts(), load(join(folder, "out")));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(line);
    expect(exitCode).toBe(2);
    expect(readdirSync(folder)).toEqual([]);
    expect(processesOf(WORK).filter((one) => one.includes("phase0"))).toEqual([]);
  });

  test("for records that is full ends `up`, and what it started", async () => {
    const { exitCode, said } = await run(small(STATE, 4), ["up", "phase1", "--platform", "local"]);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/no space left on device.*; free some space for the results and for /);
    expect(exitCode).toBe(2);
  });
});
