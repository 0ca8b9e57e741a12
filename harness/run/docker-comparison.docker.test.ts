import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { TOPOLOGIES } from "../../infra/topologies.ts";
import { dockerPlatform } from "../platform/docker/docker-platform.ts";
import { attachedPlatform } from "../platform/running/attached-platform.ts";
import { unreachableComponents } from "../platform/running/deployment-health.ts";
import type { Manifest } from "../report/summary/manifest.ts";
import {
  WHOLE,
  causesOf,
  compare,
  expectBounced,
  expectVerdict,
  tolerance,
} from "./test-support/test-comparison.ts";

it("the six topologies as containers lose in steady state what they lose as processes", async (context) => {
  const names = ["phase0", "naive", "phase1", "phase1-header", "phase2", "phase2-sticky"] as const;
  await using comparison = await compare({ topologies: [...names] }, dockerPlatform);
  const { run, summary } = comparison;
  for (const name of names.filter((one) => one !== "naive")) {
    expect(run(name)).toMatchObject(WHOLE);
  }
  for (const name of ["phase1", "phase1-header", "phase2-sticky"]) {
    expect(run(name).affinity).toEqual({ hitRatio: 1, misroutes: 0 });
  }
  expect(causesOf(run("naive"))).toEqual(["no-route"]);
  expect(Math.abs(run("naive").lossRatio - 2 / 3)).toBeLessThan(tolerance(2 / 3, 60));

  for (const each of summary.runs) {
    expect(each.costs.map(({ part, role }) => `${role} ${part}`)).toEqual([
      ...Object.keys(each.sessionsPerInstance).map((instance) => `server ${instance}`),
      each.topology === "phase1-header" ? "router haproxy" : "router traefik",
      ...(each.topology.startsWith("phase2") ? ["broker valkey"] : []),
    ]);
    for (const cost of each.costs) {
      expect(cost.source).toBe("cgroup");
      expect(cost.cpuSeconds).toBeGreaterThan(0);
      expect(cost.memoryBytes.first).toBeGreaterThan(0);
    }
  }
  expectVerdict(context, "valid", ...comparison.summary.runs);
}, 600_000);

it("a deploy by Pulumi costs sticky sessions and a broker what they promise, and no more", async (context) => {
  await using comparison = await compare(
    { topologies: ["phase1", "phase2"], bounces: ["rolling"], replicas: 2, duration: 18, drain: 3 },
    dockerPlatform,
  );
  const [phase1, phase2] = [
    comparison.run("phase1", "rolling"),
    comparison.run("phase2", "rolling"),
  ];
  for (const run of [phase1, phase2]) {
    expectBounced(run);
    expect(run.due).toBe(60 * 72);
    expect(run.bounces.map(({ target }) => target).sort()).toEqual(["server-1", "server-2"]);
  }
  expect(phase2.lostByCause["no-route"]).toBe(0);
  expectVerdict(context, "valid", ...comparison.summary.runs);
}, 600_000);

it("a crash of a container that was up costs what it promises, and all of it stays up", async (context) => {
  const [topology] = TOPOLOGIES.filter(({ name }) => name === "phase2");
  const workDir = mkdtempSync(join(tmpdir(), "sse-lab-attached-"));
  const options = { topology: topology!, replicas: 3, redis: "up", workDir } as const;
  const brought = await dockerPlatform.up(options);
  const { id } = brought;
  await brought.detach();
  const find = async () => (await dockerPlatform.findRunning()).find((one) => one.id === id)!;
  const deployment = await find();
  const said: string[] = [];
  const platform = attachedPlatform({ deployment, platform: dockerPlatform }, (line) => {
    said.push(line);
  });
  try {
    await using comparison = await compare(
      { topologies: ["phase2"], bounces: ["crash"], duration: 8, drain: 3 },
      platform,
    );
    const run = comparison.run("phase2", "crash");
    expectBounced(run);
    expect(run.due).toBe(60 * 32);
    expect(run.lostByCause["no-route"]).toBe(0);
    expect(run.reasons.join(" ")).toContain(`it was attached to ${id}, up since`);
    const { versions } = JSON.parse(
      readFileSync(join(comparison.path, "manifest.json"), "utf8"),
    ) as Manifest;
    expect(Object.keys(versions)).toEqual(
      expect.arrayContaining(["docker", "node", "pulumi", "traefik", "valkey"]),
    );
    expect(await unreachableComponents(await find())).toEqual([]);
    expect(said).toEqual([]);
    expectVerdict(context, "valid", ...comparison.summary.runs);
  } finally {
    await (await dockerPlatform.attach(id, {})).down();
    rmSync(workDir, { recursive: true, force: true });
  }
}, 600_000);

it("a rolling deploy that gives no grace cuts everybody, one instance after the other", async (context) => {
  await using comparison = await compare(
    { topologies: ["phase2"], bounces: ["rolling"], grace: 0, replicas: 2, duration: 18, drain: 3 },
    dockerPlatform,
  );
  const run = comparison.run("phase2", "rolling");
  expect(run.bounces).toHaveLength(2);
  // Nobody was asked to reconnect, and every pipeline died where it ran.
  expect(run.stuckStreams).toBe(60);
  expect(run.reconnects.count).toBeGreaterThanOrEqual(60);
  expect(run.lostByCause).toMatchObject({ unexplained: 0 });
  expectVerdict(context, "valid", ...comparison.summary.runs);
}, 600_000);
