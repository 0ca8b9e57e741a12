/** `sse-lab faults` as a process that is interrupted, and goes on. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromRoot } from "../../common/paths.ts";
import { parseSummary } from "../report/summary/summary.ts";
import { runCommand } from "./test-support/run-command.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-faults-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const PAIRS = ["--topologies", "phase0", "--bounces", "none,crash,realtime-outage"];
const SMALL = [...PAIRS, "--sessions", "10", "--platform", "local"];

/** Interrupts the command once its first run is judged. */
async function interrupted(out: string): Promise<string> {
  const child = spawn(
    process.execPath,
    [fromRoot("harness", "cli", "sse-lab.mjs"), "faults", ...SMALL, "--out", out],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  child.stdout.resume();
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes("[2/2]") && !child.killed) child.kill("SIGINT");
  });
  await once(child, "close");
  return said;
}

test("goes on where it was interrupted, and leaves out what does not fit", async () => {
  const out = join(folder, "matrix");
  expect(await interrupted(out)).toContain("[1/2]");
  const { stdout, stderr } = await runCommand(["faults", ...SMALL, "--out", out, "--json"]);
  expect(stderr).toContain("holds 1 run;");
  expect(stderr).toContain("[1/1]");
  const { runs, scenario, finishedAt } = parseSummary(JSON.parse(stdout));
  expect(finishedAt).not.toBeNull();
  expect(runs.map(({ bounce }) => bounce)).toEqual(["none", "crash"]);
  expect(scenario.skipped).toEqual([
    { topology: "phase0", bounce: "realtime-outage", why: "phase0 does not use Realtime" },
  ]);
  expect(JSON.parse(await readFile(join(out, "summary.json"), "utf8"))).toEqual(JSON.parse(stdout));
  // Another comparison does not go into the same folder.
  const other = await runCommand(["faults", ...SMALL, "--seed", "9", "--out", out]);
  expect(other).toMatchObject({ exitCode: 2 });
  expect(other.stderr).toContain("holds another comparison");
}, 180_000);

test("refuses bounces that it does not know, by name", async () => {
  const { exitCode, stderr } = await runCommand(["faults", "--bounces", "earthquake"]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--bounces: unknown bounce "earthquake"');
});
