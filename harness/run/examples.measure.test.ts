import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, type TestContext } from "vitest";
import { freePort } from "../../common/free-port.ts";
import { fromRoot } from "../../common/paths.ts";
import { waitFor } from "../../common/wait-for.ts";
import { TOPOLOGIES } from "../../infra/topologies.ts";
import { createTargetPlatform } from "../platform/target/target-platform.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { readServiceFile } from "../service/read-service-file.ts";
import { createK6Engine } from "./engine/k6-engine.ts";
import { compare, expectVerdict, tolerance } from "./test-support/test-comparison.ts";

const K6_DOUBLE = fromRoot("standins", "k6", "k6-double.mjs");
const run = promisify(execFile);
const folderOf = (example: string): string => fromRoot("examples", example);

/** A light load on one of the examples. */
const measure = async (example: string, change: Partial<Scenario>) =>
  compare(
    change,
    undefined,
    undefined,
    await readServiceFile(join(folderOf(example), "sse-lab.service.yaml"), {}),
  );

/** Skips visibly if this host does not have the tool, or the tool cannot do its work. */
const prepare = async (
  { skip }: TestContext,
  example: string,
  command: [string, ...string[]],
  result: string,
): Promise<void> => {
  if (existsSync(join(folderOf(example), result))) return;
  const [program, ...args] = command;
  await run(program, args, { cwd: folderOf(example), timeout: 180_000 }).catch((error: unknown) =>
    skip(`${program} does not work here: ${error instanceof Error ? error.message : ""}`),
  );
};

describe("a target", () => {
  it("is loaded where it runs, and a command of its owner bounces it", async (context) => {
    const port = await freePort();
    const server = spawn(process.execPath, ["--import", "tsx", "server.ts"], {
      cwd: folderOf("express-map"),
      env: { ...process.env, PORT: String(port) },
      stdio: "ignore",
    });
    try {
      const url = `http://127.0.0.1:${port}`;
      await waitFor({
        name: "the target to answer",
        timeoutMs: 20_000,
        condition: async (signal) => (await fetch(`${url}/health`, { signal })).ok || "not ok",
      });
      const bounceCommand = "echo deployed > /dev/null";
      const platform = createTargetPlatform({ url, bounceCommand, bounceSeconds: 1 });
      await using comparison = await compare(
        { topologies: ["target"], bounces: ["command"] },
        platform,
        undefined,
        await readServiceFile(join(folderOf("express-map"), "sse-lab.service.yaml"), {}),
      );
      const loaded = comparison.run("target", "command");
      expect(loaded).toMatchObject({ due: 480, missed: 0, stuckStreams: 0 });
      expect(loaded.bounces).toMatchObject([{ kind: "command", target: "target", cut: 0 }]);
      expect(loaded.bounces[0]?.endedMs).not.toBeNull();
      expectVerdict(context, "valid", loaded);
    } finally {
      server.kill("SIGKILL");
    }
  });
});

describe("services as others write them", () => {
  it("express-map: three instances lose two of three events, and affinity mends that", async (context) => {
    await using comparison = await measure("express-map", { topologies: ["naive", "phase1"] });
    const [naive, sticky] = [comparison.run("naive"), comparison.run("phase1")];
    expect(Math.abs(naive.missedRatio - 2 / 3)).toBeLessThan(tolerance(2 / 3, 60));
    expect(naive.stuckStreams).toBe(Math.round(naive.missedRatio * 60));
    expect(sticky).toMatchObject({ due: 480, missed: 0, stuckStreams: 0, duplicated: 0 });
    // Those after the warm-up.
    const samples = sticky.latency?.delivery.samples ?? 0;
    expect([samples > 240, samples <= 480], String(samples)).toEqual([true, true]);
    expect(naive.withoutLedger).toMatchObject({ sequence: true, total: true, terminal: true });
    expectVerdict(context, "valid", naive, sticky);
  });

  it("express-map: the k6 scripts go by the same file, with the same outcome", async (context) => {
    const topologies = TOPOLOGIES.filter(({ name }) => name === "phase1");
    const engine = await createK6Engine(topologies, { ...process.env, K6_BIN: K6_DOUBLE });
    const file = join(folderOf("express-map"), "sse-lab.service.yaml");
    const service = await readServiceFile(file, {});
    await using comparison = await compare({ topologies: ["phase1"] }, undefined, engine, service);
    const run = comparison.run("phase1");
    expect(run).toMatchObject({ due: 480, missed: 0, stuckStreams: 0, duplicated: 0 });
    expect(run.withoutLedger).toMatchObject({ sequence: true, total: true, terminal: true });
    expect(run.latency?.delivery.samples).toBeGreaterThan(240);
    expectVerdict(context, "valid", run);
  });

  it("go-nethttp: as the Map, since each instance knows its own streams only", async (context) => {
    const build = ["env", "CGO_ENABLED=0", "go", "build", "-o", "server", "."] as const;
    await prepare(context, "go-nethttp", [...build], "server");
    await using comparison = await measure("go-nethttp", { topologies: ["naive", "phase1"] });
    const naive = comparison.run("naive");
    expect(Math.abs(naive.missedRatio - 2 / 3)).toBeLessThan(tolerance(2 / 3, 60));
    expect(comparison.run("phase1")).toMatchObject({ due: 480, missed: 0, stuckStreams: 0 });
    expectVerdict(context, "valid", naive, comparison.run("phase1"));
  });

  it("better-sse-redis: Redis carries events to every instance", async (context) => {
    await using comparison = await measure("better-sse-redis", { topologies: ["phase2"] });
    expect(comparison.run("phase2")).toMatchObject({ due: 480, missed: 0, stuckStreams: 0 });
    expectVerdict(context, "valid", comparison.run("phase2"));
  });

  it("fastapi-sse-starlette: a stream is its own work, and a crash starts it again", async (context) => {
    const install = ["-m", "pip", "install", "--quiet", "--target", "packages", "-r"];
    await prepare(
      context,
      "fastapi-sse-starlette",
      ["python3", ...install, "requirements.txt"],
      "packages",
    );
    await using comparison = await measure("fastapi-sse-starlette", {
      topologies: ["naive"],
      bounces: ["none", "crash"],
      duration: 6,
      // The work that a cut ended begins again, and needs its whole time.
      drain: 8,
    });
    const [steady, crash] = [comparison.run("naive"), comparison.run("naive", "crash")];
    expect(steady).toMatchObject({ missed: 0, stuckStreams: 0, duplicated: 0 });
    expect(crash.bounces[0]?.cut).toBeGreaterThan(0);
    expect(crash.duplicated).toBeGreaterThan(0);
    expect(crash).toMatchObject({ stuckStreams: 0 });
    expectVerdict(context, "valid", steady, crash);
  });
});
