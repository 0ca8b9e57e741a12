import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { nowMs } from "../../../common/clock.ts";
import type { PhaseObservation } from "../../history/observation.ts";
import type { LoadPlan, LoadProgress } from "../portable/load-plan.ts";
import { smallPlan } from "../test-support/load-plan.ts";
import { ofType, readHistory } from "../test-support/read-history.ts";
import { UserError } from "../../../common/user-error.ts";
import { runK6Load, type K6LoadResult, type RunK6Options } from "./run-k6-load.ts";
import { buildFakeK6, type FakeBehaviour } from "./test-support/build-fake-k6.ts";

let folder: string;
let fake: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-run-k6-"));
  fake = await buildFakeK6(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const plan = smallPlan("http://127.0.0.1:1", {
  sessions: 5,
  eventsPerSecond: 10,
  durationS: 1,
  rampS: 0.2,
  drainS: 1,
});
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);
const pidIn = async (file: string): Promise<number> => Number(await readFile(file, "utf8"));
const stateOf = async (pid: number): Promise<string> =>
  (
    await promisify(execFile)("ps", ["-o", "stat=", "-p", String(pid)]).catch(() => ({
      stdout: "",
    }))
  ).stdout.trim();
const isGone = async (pid: number): Promise<boolean> =>
  !isAlive(pid) || (await stateOf(pid)).startsWith("Z");

interface Reported {
  phases: PhaseObservation["phase"][];
  progress: LoadProgress[];
  pids: number[];
}

async function run(
  behaviour: FakeBehaviour = {},
  options: Partial<RunK6Options> = {},
  asked: LoadPlan = plan,
): Promise<{ result: K6LoadResult; reported: Reported }> {
  const reported: Reported = { phases: [], progress: [], pids: [] };
  const historyDir = await mkdtemp(join(folder, "run-"));
  const result = await runK6Load(asked, {
    historyDir,
    k6: { path: fake, standIn: "fake-k6", version: "2.3.0", extension: "0.2.0" },
    script: "/none/sse.js",
    labels: { topology: "somewhere", bounce: "none", repeat: 1, replicas: 1 },
    env: { PATH: process.env["PATH"], K6_FAKE: JSON.stringify(behaviour) },
    onPhase: (phase) => reported.phases.push(phase),
    onProgress: (progress) => reported.progress.push(progress),
    onSpawn: (pid) => reported.pids.push(pid),
    ...options,
    limits: { progressMs: 100, ...options.limits },
  });
  return { result, reported };
}

describe("a load by k6", () => {
  it("becomes a history on the instances' clock, with phases, progress and what k6 used", async () => {
    const before = nowMs();
    const { result, reported } = await run();
    const after = nowMs();
    expect(result.notes).toEqual([]);
    expect(result.received).toBe(50);
    const history = await readHistory(result.segments);
    expect(ofType(history, "planned").map(({ session, events }) => `${session} ${events}`)).toEqual(
      ["s0 10", "s1 10", "s2 10", "s3 10", "s4 10"],
    );
    expect(ofType(history, "received")).toHaveLength(50);
    for (const { atMs } of ofType(history, "received")) {
      expect(atMs).toBeGreaterThan(before);
      expect(atMs).toBeLessThan(after);
    }
    expect(history.filter(({ type }) => (type as string).startsWith("k6-"))).toEqual([]);
    expect(reported.phases).toEqual(["load-started", "loaded", "drain-started", "drain-ended"]);
    expect(ofType(history, "phase").map(({ phase }) => phase)).toEqual(reported.phases);
    const [engine] = ofType(history, "engine");
    expect(engine).toEqual(result.engine);
    expect(engine?.workers).toBe(1);
    expect(engine?.clockErrorMs).toBeLessThan(50);
    if (process.platform === "linux") {
      expect(engine?.cpuSeconds).toBeGreaterThan(0);
      expect(engine?.rssBytes).toBeGreaterThan(1e6);
      expect(engine?.utilisation).toBeGreaterThan(0);
    }
    expect(reported.progress.some(({ sessionsUp }) => sessionsUp === 5)).toBe(true);
    expect(await isGone(reported.pids[0]!)).toBe(true);
  });

  it.each<[FakeBehaviour["mode"], string]>([
    ["dies", "k6 failed with exit code 107; it said last:\nGoError: the script does not parse"],
    [
      "writes-nothing",
      "k6 ended without letting a single session arrive: its console holds no line of the " +
        "scripts; it said nothing",
    ],
    ["plans-otherwise", "the k6 script made another plan of what it was told: seed is 2, not 1"],
    ["fails-late", "k6 failed with exit code 1; it said last:\nthe disk is full"],
  ])("fails when k6 %s, and says why", async (mode, message) => {
    const error = await run({ mode }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain("secret-");
  });

  it.each(["hangs-silent", "never-begins"] as const)(
    "ends a k6 that %s, at the bound",
    async (mode) => {
      const pidFile = join(folder, `${mode}.pid`);
      const limits = { startMs: 1_500 };
      await expect(run({ mode, pidFile }, { limits })).rejects.toThrow(
        "k6 let no session arrive within 1.5 s, and was ended",
      );
      expect(await isGone(await pidIn(pidFile))).toBe(true);
    },
  );

  it.each<[FakeBehaviour["mode"], string]>([
    ["skips-a-session", "k6 brought only 4 of 5 sessions to their end (4 arrived)"],
    ["drops-a-session", "k6 brought only 4 of 5 sessions to their end (5 arrived)"],
    ["tears-a-line", "1 of the lines that the scripts wrote could not be read"],
  ])(
    "is judged when k6 %s, but says nothing of the engine, so that the run is not trusted",
    async (mode, note) => {
      const { result } = await run({ mode }, { limits: { lateArrivalMs: 100 } });
      expect(result.notes.join(" ")).toContain(note);
      expect(result.engine).toBeUndefined();
      const history = await readHistory(result.segments);
      expect(ofType(history, "planned")).toHaveLength(5);
      expect(ofType(history, "engine")).toEqual([]);
      expect(ofType(history, "phase")).toHaveLength(4);
    },
  );

  it("has no clock to speak of when k6's readings contradict each other", async () => {
    const { result } = await run({ mode: "contradicts-itself" });
    expect(result.engine).toMatchObject({ clockErrorMs: null });
    expect(await readHistory(result.segments)).toContainEqual(result.engine);
  });

  it("is over at its bound when k6 ignores signals, and its children end with it", async () => {
    const childFile = join(folder, "child.pid");
    const pidFile = join(folder, "launcher.pid");
    const { result } = await run(
      { mode: "launches", childFile, pidFile },
      { limits: { exitMs: 100 } },
    );
    expect(result.notes).toEqual([
      "fake-k6 was still running 0.1 s after the drain should have ended, and had to be ended.",
    ]);
    expect(result.engine).toBeUndefined();
    for (const file of [childFile, pidFile]) {
      const pid = await pidIn(file);
      await vi.waitFor(async () => expect(await isGone(pid)).toBe(true));
    }
  });

  it("ends at once when it is aborted, with the signal's reason, and leaves no k6 behind", async () => {
    const pidFile = join(folder, "aborted.pid");
    const abort = new AbortController();
    const running = run(
      { mode: "hangs", pidFile },
      { signal: abort.signal, onPhase: () => abort.abort(new Error("enough")) },
    );
    await expect(running).rejects.toThrow("enough");
    expect(await isGone(await pidIn(pidFile))).toBe(true);
    await expect(run({}, { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow(
      "before",
    );
  });

  it("tells the script of a service in a file, since it may hold secrets", async () => {
    const service = { ...plan.service, name: "jobs" };
    const historyDir = await mkdtemp(join(folder, "service-"));
    await run({}, { historyDir }, { ...plan, service, ledger: false });
    const file = join(historyDir, "k6-service.json");
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ service, ledger: false });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("names a k6 that cannot be started", async () => {
    const k6 = { path: join(folder, "gone"), standIn: null, version: "2.3.0", extension: null };
    await expect(run({}, { k6 })).rejects.toThrow(`${k6.path} could not be started`);
  });
});
