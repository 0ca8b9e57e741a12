/** `sse-lab up`, then `sse-lab loadtest --attach`, as a user types them. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RunningDeployment } from "../../platform/platform.ts";
import { parseSummary, type Summary } from "../../report/summary/summary.ts";
import { copyOfCheckout } from "../test-support/copy-of-checkout.ts";
import { NO_ENGINE, NOT_HOSTED } from "../test-support/run-command.ts";

/** A copy of the checkout: other tests take down all that this one has up. */
let folder: string;
const sseLab = (args: readonly string[]) =>
  execa(process.execPath, [join(folder, "harness", "cli", "sse-lab.mjs"), ...args], {
    reject: false,
    cwd: folder,
    env: { ...NO_ENGINE, ...NOT_HOSTED },
  });

let up: RunningDeployment;
beforeAll(async () => {
  folder = await copyOfCheckout();
  const { stdout } = await sseLab([
    ...["up", "phase1", "--platform", "local", "--replicas", "2", "--json"],
  ]);
  up = JSON.parse(stdout) as RunningDeployment;
});
afterAll(async () => {
  await sseLab(["down"]);
  await rm(folder, { recursive: true, force: true });
});

const small = ["--sessions", "20", "--rate", "4", "--arrival", "ramp", "--ramp", "1"];
const attach = (...args: string[]): string[] => ["loadtest", "--attach", "phase1", ...args];

/** It is the same deployment, and all of it serves. */
const stillUp = async (): Promise<void> => {
  const urls = [up.url, ...Object.values(up.instanceUrls)];
  const answers = await Promise.all(urls.map(async (url) => (await fetch(`${url}/readyz`)).status));
  expect(answers).toEqual([200, 200, 200]);
  const { stdout } = await sseLab(["up", "phase1", "--platform", "local", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ id: up.id, startedAt: up.startedAt });
};

test("what is up says how to load it, and is loaded and bounced twice", async () => {
  const { stdout } = await sseLab(["up", "phase1", "--platform", "local"]);
  expect(stdout).toContain("load test  make loadtest ATTACH=phase1\n");
  const out = join(folder, "twice");
  const run = await sseLab(
    attach(...small, "--bounces", "none,crash", "--duration", "6", "--drain", "8", "--out", out),
  );
  expect(run.stderr).toContain(`platform local: attached to ${up.id}, up since ${up.startedAt}`);
  expect(run.stderr).not.toContain("starting traefik");
  const summary: Summary = parseSummary(
    JSON.parse(await readFile(join(out, "summary.json"), "utf8")),
  );
  expect(summary.runs.map(({ bounce }) => bounce).sort()).toEqual(["crash", "none"]);
  const steady = summary.runs.find(({ bounce }) => bounce === "none");
  expect(steady).toMatchObject({ lost: 0, duplicated: 0, unexpected: 0, neverPublished: 0 });
  expect(steady?.delivered).toBe(steady?.due);
  for (const { reasons, costs } of summary.runs) {
    expect(reasons.join(" ")).toContain(`it was attached to ${up.id}, up since ${up.startedAt}`);
    // Every ledger was found, and every process was read.
    expect(reasons.join(" ")).not.toMatch(/ledger/i);
    expect(costs.map(({ part }) => part).sort()).toEqual(["server-1", "server-2", "traefik"]);
  }
  const manifest = JSON.parse(await readFile(join(out, "manifest.json"), "utf8")) as object;
  expect(manifest).toMatchObject({
    platform: "local",
    serverSettings: { attached: `${up.id}, up since ${up.startedAt}`, RETRY_MS: "1000" },
    versions: { traefik: expect.any(String) as string },
  });
  expect(await readFile(join(out, "report.md"), "utf8")).toContain(`attached to ${up.id}`);
  await stillUp();
});

test("a load of loadgen is judged by the ledgers of what was loaded, which stays up", async () => {
  const file = join(folder, "whole.ndjson.gz");
  const where = ["--target", up.url, "--topologies", "phase1", "--file", file];
  await sseLab(["loadgen", ...where, ...small, "--duration", "2", "--drain", "8"]);
  const out = join(folder, "merged");
  const { stdout, stderr } = await sseLab(["merge", file, "--out", out, "--json"]);
  const { runs } = parseSummary(JSON.parse(stdout));
  expect(runs[0], stderr).toMatchObject({ due: 160, delivered: 160, indeterminate: 0 });
  await stillUp();
});

test("an interrupted load leaves it up", async () => {
  const out = join(folder, "interrupted");
  const run = sseLab(attach(...small, "--bounces", "crash", "--duration", "30", "--out", out));
  const isDown = (url: string): Promise<boolean> =>
    fetch(`${url}/readyz`).then(
      () => false,
      () => true,
    );
  const anyDown = async (): Promise<boolean> =>
    (await Promise.all(Object.values(up.instanceUrls).map(isDown))).includes(true);
  await vi.waitUntil(anyDown, { timeout: 60_000, interval: 50 });
  run.kill("SIGINT");
  expect((await run).exitCode).toBe(130);
  await stillUp();
});

test.each([
  [["--attach", "phase2"], "--attach phase2: it is not up (up: phase1 on local); start it with"],
  [
    ["--attach", "phase1", "--platform", "docker"],
    "--attach phase1: it is not up on docker (up: p",
  ],
  [["--attach", "phase1", "--topologies", "phase1"], "--attach phase1 with --topologies: it loads"],
  [["--attach", "phase1", "--replicas", "4"], "--replicas 4: phase1-"],
  [["--attach", "phase1", "--bounces", "redis-outage"], "--bounces redis-outage: none of phase1"],
])("%j is refused before anything is loaded", async (flags, message) => {
  const { stderr, stdout, exitCode } = await sseLab(["loadtest", ...flags]);
  expect(stderr).toContain(`sse-lab: ${message}`);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
});
