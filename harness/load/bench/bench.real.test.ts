import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fromRoot } from "../../../common/paths.ts";
import { benchSize } from "./bench-size.ts";
import type { ClientFigures, ClientMode } from "./measure-client.ts";

/** Big enough for every figure to be there, small enough for a test. */
const BENCH_SCALE = "0.005";
const STREAMS = fromRoot("harness/load/bench/bench-streams.ts");
const JUDGE = fromRoot("harness/checker/bench-judge.ts");

let folder: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-bench-test-"));
  env = { ...process.env, BENCH_SCALE, TMPDIR: folder };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = async (script: string): Promise<unknown> => {
  const args = ["--import", "tsx", script, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: fromRoot("."), env });
  return JSON.parse(stdout);
};

/** Work folders of the benches; tsx leaves its cache. */
const leftovers = async (): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith("sse-lab-"));

interface StreamFigures {
  busy: Record<ClientMode, ClientFigures>;
  cpuRatio: { transport: number; engine: number };
  latencyMs: { p50: number; p99: number };
  idle: Record<"transport" | "engine", { rssBytesPerStream: number }>;
  back: { streams: number; backMs: number };
}

test("the stream bench measures every figure, and removes its folder", async () => {
  const { busy, cpuRatio, latencyMs, idle, back } = (await run(STREAMS)) as StreamFigures;
  for (const mode of ["bytes", "transport", "engine"] as const) {
    expect(busy[mode].events).toBeGreaterThan(0);
    expect(busy[mode].cpuUsPerEvent).toBeGreaterThan(0);
  }
  expect(cpuRatio.transport).toBeGreaterThan(0);
  expect(cpuRatio.engine).toBeGreaterThan(0);
  expect(latencyMs.p50).toBeGreaterThan(0);
  expect(latencyMs.p99).toBeGreaterThanOrEqual(latencyMs.p50);
  expect(idle.engine.rssBytesPerStream).toEqual(expect.any(Number));
  expect(back).toEqual({ streams: 25, backMs: expect.any(Number) as number });
  expect(await leftovers()).toEqual([]);
});

test("the judging bench judges as many deliveries as it is asked to", async () => {
  expect(await run(JUDGE)).toMatchObject({ deliveries: 4980, lost: 20 });
  expect(await leftovers()).toEqual([]);
});

test("what the stream bench started ends with it, even if it is killed", async () => {
  const bench = spawn(process.execPath, ["--import", "tsx", STREAMS], { env, stdio: "ignore" });
  try {
    const source = await vi.waitFor(() => childOf(bench, "event-source"), { timeout: 30_000 });
    const client = await vi.waitFor(() => childOf(bench, "measure-client"), { timeout: 30_000 });
    bench.kill("SIGKILL");
    await vi.waitFor(() => expect([source, client].filter(isAlive)).toEqual([]), {
      timeout: 10_000,
    });
  } finally {
    bench.kill("SIGKILL");
  }
});

test.each(["0", "-1", "2", "much"])("a scale of %s is refused", (scale) => {
  expect(() => benchSize(scale)).toThrow(`BENCH_SCALE is "${scale}"`);
});

/** Process id of a child that runs a program. @throws Error when there is none yet */
const childOf = ({ pid }: ChildProcess, program: string): number => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .map(Number);
  const found = children.find((child) =>
    readFileSync(`/proc/${child}/cmdline`, "utf8").includes(program),
  );
  if (found === undefined) throw new Error(`no ${program} yet`);
  return found;
};

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);
