import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { STAND_IN } from "../../infra/realtime/realtime-names.ts";
import { parseManifest } from "../report/summary/manifest.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { rebuildReport } from "./results/rebuild-report.ts";
import { causesOf, compare, expectVerdict } from "./test-support/test-comparison.ts";

const few: Partial<Scenario> = { topologies: ["phase3"], sessions: 20, replicas: 2 };

describe("a comparison over Supabase Realtime", () => {
  it("loses nothing in steady state, names what played Realtime, and tells what the extra hop costs", async (context) => {
    await using comparison = await compare({
      ...few,
      topologies: ["phase2", "phase3"],
      gates: 1,
      realtimePlan: "team",
    });
    const { path, run, summary } = comparison;
    const [phase2, phase3] = [run("phase2"), run("phase3")];
    expect(phase3).toMatchObject({
      due: 160,
      delivered: 160,
      lost: 0,
      stuckStreams: 0,
      unexpected: 0,
    });
    expect(phase3.gates).toEqual({ offered: 20, answered: 20, reachedPipeline: 20, stalled: 0 });
    expect(phase3.reconnects.count).toBe(0);
    expect(phase3.realtime).toMatchObject({
      part: STAND_IN,
      standIn: true,
      plan: "team",
      publish: "http",
      catchUp: false,
    });
    const { minifiedBytes = 0, gzippedBytes = 0 } = phase3.realtime?.frontEnd ?? {};
    expect(gzippedBytes).toBeGreaterThan(1_000);
    expect(minifiedBytes).toBeGreaterThan(gzippedBytes);
    expect(phase3.brokerHop?.carriedMs.p50).toBeGreaterThan(0);
    expect(phase3.costs.map(({ part, role }) => `${role} ${part}`)).toContain(`broker ${STAND_IN}`);
    expect(phase2).toMatchObject({ realtime: null, brokerHop: null, delivered: 160 });
    const manifest = parseManifest(JSON.parse(await readFile(join(path, "manifest.json"), "utf8")));
    expect(manifest.versions).toHaveProperty(STAND_IN);
    expect(manifest.scenario).toMatchObject({ realtimePlan: "team", catchUp: false });
    expect(manifest.serverSettings).toMatchObject({ "realtime-outage.for": 3 });
    expect(await rebuildReport(path)).toEqual(summary);
    expectVerdict(context, "valid", phase3);
  });

  it("cuts no client when the app is deployed, and everyone when Realtime goes away", async (context) => {
    await using comparison = await compare({
      ...few,
      bounces: ["rolling", "realtime-outage"],
      duration: 11,
      drain: 3,
    });
    const rolling = comparison.run("phase3", "rolling");
    expect(rolling.reconnects.count).toBe(0);
    expect(rolling.lost).toBe(0);
    expect(rolling.neverPublished).toBeGreaterThan(0);

    const outage = comparison.run("phase3", "realtime-outage");
    expect(outage.bounces).toMatchObject([
      { kind: "realtime-outage", target: STAND_IN, reconnects: 20 },
    ]);
    expect(outage.reconnects.count).toBeGreaterThanOrEqual(20);
    expect(outage.reconnects.timeTo100Ms).not.toBeNull();
    // Realtime comes back before its clients do: what is published to nobody is lost.
    expect(outage.lost).toBeGreaterThan(0);
    expect(outage).toMatchObject({ neverPublished: 0, stuckStreams: 0 });
    expect(["broker-gap", "in-flight-at-disconnect", "while-disconnected"]).toEqual(
      expect.arrayContaining(causesOf(outage)),
    );
    expectVerdict(context, "valid", rolling, outage);
  });

  it("gives back from the event log what was missed in an outage, where there is one", async (context) => {
    await using comparison = await compare({
      ...few,
      bounces: ["realtime-outage"],
      duration: 11,
      drain: 3,
      catchUp: true,
      realtimePublish: "websocket",
    });
    const run = comparison.run("phase3", "realtime-outage");
    expect(run.realtime).toMatchObject({ catchUp: true, publish: "websocket" });
    expect(run).toMatchObject({ lost: 0, stuckStreams: 0 });
    expect(run.recovered).toBeGreaterThan(0);
    expect(run.costs.map(({ part }) => part)).toContain("valkey");
    expectVerdict(context, "valid", run);
  });

  it(
    "shows what a quota does to a load that is beyond it on purpose, and calls nothing else " +
      "its cause",
    async (context) => {
      await using comparison = await compare({
        ...few,
        rate: 20,
        duration: 13,
        realtimePlan: "free",
        overQuota: true,
        realtimePublish: "websocket",
      });
      const run = comparison.run("phase3");
      expect(run.reasons[0]).toMatch(
        /^The load is beyond the limits of plan free on purpose: 800 messages\/s/,
      );
      expect(causesOf(run)).toEqual(["quota"]);
      // The promise holds below the limits only: this is a measurement, and no failure.
      expectVerdict(context, "valid", run);
    },
  );
});
