import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { judgeRun } from "../checker/judge-run.ts";
import { stripLedger } from "../checker/test-support/strip-ledger.ts";
import type { Observation } from "../history/observation.ts";
import { readHistory } from "../history/read-history.ts";
import { localPlatform } from "../platform/local/local-platform.ts";
import type { Platform } from "../platform/platform.ts";
import { parseManifest } from "../report/summary/manifest.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { rebuildReport } from "./results/rebuild-report.ts";
import {
  WHOLE,
  causesOf,
  compare,
  expectVerdict,
  tolerance,
} from "./test-support/test-comparison.ts";

/** `topology session seq` of every planned pair. */
async function duePairs(path: string): Promise<Map<string, string[]>> {
  const pairs = new Map<string, string[]>();
  let topology = "";
  for await (const batch of readHistory(join(path, "history.ndjson.gz"))) {
    for (const observation of batch) {
      if (observation.type === "run") topology = observation.topology;
      if (observation.type !== "planned") continue;
      pairs.set(topology, [
        ...(pairs.get(topology) ?? []),
        `${observation.session} ${observation.events}`,
      ]);
    }
  }
  return pairs;
}

/** Judges each run of a history again, as one of a service that keeps no ledger. */
async function expectAlikeWithoutLedgers(path: string): Promise<void> {
  const runs: Observation[][] = [];
  for await (const batch of readHistory(join(path, "history.ndjson.gz"))) {
    for (const one of batch) {
      if (one.type === "run") runs.push([]);
      runs.at(-1)?.push(one);
    }
  }
  const knowsAll = { sequence: true, total: true, terminal: true };
  for (const observations of runs) {
    const told = judgeRun(observations);
    const untold = judgeRun(stripLedger(observations, knowsAll));
    expect(untold).toMatchObject({
      sessions: told.sessions,
      due: told.due,
      delivered: told.delivered,
      recovered: told.recovered,
      missed: told.lost + told.neverPublished,
      missedRatio: told.missedRatio,
      indeterminate: told.indeterminate,
      duplicated: told.duplicated,
      reordered: told.reordered,
      stuckStreams: told.stuckStreams,
      reconnects: told.reconnects,
      affinity: told.affinity,
    });
    // Without a ledger the publication, not its schedule, tells what belongs to the warm-up.
    const [a, b] = [untold.latency?.delivery, told.latency?.delivery];
    expect(Math.abs((a?.samples ?? 0) - (b?.samples ?? NaN))).toBeLessThanOrEqual(5);
    expect(a?.p50).toBeCloseTo(b?.p50 ?? NaN, 1);
    // Its promise of no route allows what is missed, and the lab's own check of chance still holds.
    expect(untold.verdict).toBe(told.verdict);
  }
}

describe("a comparison in steady state", () => {
  it(
    "loses nothing in phase0, phase1 and phase2, has the same due pairs everywhere, and can " +
      "be rebuilt to the byte",
    async (context) => {
      await using comparison = await compare({
        topologies: ["phase0", "naive", "phase1", "phase2"],
      });
      const { path, run, summary } = comparison;
      for (const name of ["phase0", "phase1", "phase2"]) {
        expect(run(name)).toMatchObject(WHOLE);
      }
      expect(run("phase1").affinity).toEqual({ hitRatio: 1, misroutes: 0 });
      expect(causesOf(run("naive"))).toEqual(["no-route"]);
      expect(Math.abs(run("naive").lossRatio - 2 / 3)).toBeLessThan(tolerance(2 / 3, 60));

      for (const each of summary.runs) {
        const parts = each.costs.map(({ part, role }) => `${role} ${part}`);
        const servers = Object.keys(each.sessionsPerInstance).map(
          (instance) => `server ${instance}`,
        );
        expect(parts).toEqual([
          ...servers,
          "router traefik",
          ...(each.topology === "phase2" ? ["broker valkey"] : []),
        ]);
        for (const cost of each.costs) {
          expect(cost.source).toBe("procfs");
          expect(cost.memoryBytes.peak).toBeGreaterThanOrEqual(cost.memoryBytes.first);
          expect(cost.memoryBytes.first).toBeGreaterThan(0);
          // A broker that carries 240 events/s may stay below one tick of the kernel's clock.
          if (cost.role !== "broker") expect(cost.cpuSeconds).toBeGreaterThan(0);
        }
      }

      await expectAlikeWithoutLedgers(path);

      const [first, ...others] = [...(await duePairs(path)).values()];
      expect(others).toEqual([first, first, first]);

      expect(summary.scenario.graceS).toBe(10);
      const manifest = parseManifest(
        JSON.parse(await readFile(join(path, "manifest.json"), "utf8")),
      );
      expect(manifest.serverSettings).toMatchObject({
        ...localPlatform.settings,
        stopGraceMs: 10_000,
        "crash.for": 1,
        "realtime-outage.for": 3,
      });

      const derived = ["summary.json", "report.md", "report.html", "series.json", "junit.xml"];
      const contents = () => Promise.all(derived.map((file) => readFile(join(path, file), "utf8")));
      const before = await contents();
      expect(await rebuildReport(path)).toEqual(summary);
      expect(await contents()).toEqual(before);
      expect((await readdir(path)).sort()).toEqual(
        [...derived, "history.ndjson.gz", "manifest.json"].sort(),
      );
      expectVerdict(context, "valid", ...summary.runs);
    },
  );

  it.for([2, 4, 5])(
    "loses (N-1)/N without affinity on N = %d replicas",
    async (replicas, context) => {
      const sessions = 120;
      await using comparison = await compare({
        topologies: ["naive"],
        replicas,
        sessions,
        // Enough events each that a start delayed by a busy host leaves the run judged.
        rate: 2,
        duration: 3,
        ramp: 2,
      });
      const run = comparison.run("naive");
      expectVerdict(context, "valid", run);
      const share = (replicas - 1) / replicas;
      expect(Math.abs(run.lossRatio - share)).toBeLessThan(tolerance(share, sessions));
      expect(causesOf(run)).toEqual(["no-route"]);
    },
  );

  it("falls back to local delivery when Redis is stopped, loses what naive loses, and says so", async (context) => {
    await using comparison = await compare({ topologies: ["phase2"], redis: "stopped" });
    const run = comparison.run("phase2");
    expect(causesOf(run)).toEqual(["no-route"]);
    expect(Math.abs(run.lossRatio - 2 / 3)).toBeLessThan(tolerance(2 / 3, 60));
    expect(run.reasons.join(" ")).toContain("Redis was stopped before the start");
    expectVerdict(context, "invalid", run);
  });

  it("answers gates where affinity or a broker leads to the pipeline, and stalls where nothing does", async () => {
    await using comparison = await compare({ topologies: ["naive", "phase1", "phase2"], gates: 1 });
    expect(comparison.run("phase1").gates).toEqual({
      offered: 60,
      answered: 60,
      reachedPipeline: 60,
      stalled: 0,
    });
    expect(comparison.run("phase2").gates).toEqual({
      offered: 60,
      answered: 60,
      reachedPipeline: 60,
      stalled: 0,
    });
    const { offered, stalled } = comparison.run("naive").gates;
    expect(offered).toBe(60);
    expect(stalled).toBeGreaterThan(0);
  });
});

describe("a run that cannot be carried out", () => {
  /** The real platform, until the given bring-up, which fails as it would without a free port. */
  const failingAt = (failing: number): { platform: Platform; failed: () => string } => {
    let ups = 0;
    let failed = "";
    const up: Platform["up"] = (options) => {
      ups += 1;
      if (ups !== failing) return localPlatform.up(options);
      failed = options.topology.name;
      return Promise.reject(new Error("server-2 was not ready"));
    };
    return { platform: { ...localPlatform, up }, failed: () => failed };
  };

  it("is unknown and says why, and the other runs are measured all the same", async () => {
    const topologies: Scenario["topologies"] = ["phase0", "naive", "phase1"];
    const { platform, failed } = failingAt(2);
    const short = { topologies, sessions: 10, ramp: 0.5, duration: 1, drain: 1 };
    await using comparison = await compare(short, platform);
    expect(comparison.run(failed())).toMatchObject({ verdict: "unknown", due: 0 });
    expect(comparison.run(failed()).reasons[0]).toBe(
      "It could not be carried out: server-2 was not ready",
    );
    for (const name of topologies)
      if (name !== failed()) expect(comparison.run(name)).toMatchObject({ due: 40 });
    expect(await rebuildReport(comparison.path)).toEqual(comparison.summary);
  });

  it("is not one whose costs cannot be read: that is said, and the run is judged as ever", async (context) => {
    const unreadable: Platform = {
      ...localPlatform,
      up: async (options) => {
        const deployment = await localPlatform.up(options);
        return { ...deployment, usage: () => Promise.reject(new Error("/proc is not readable")) };
      },
    };
    await using comparison = await compare({ topologies: ["phase0"], sessions: 10 }, unreadable);
    const run = comparison.run("phase0");
    expect(run).toMatchObject({ due: 80, delivered: 80, costs: [] });
    expect(run.reasons[0]).toMatch(
      /^\d+ readings of what the parts use failed, so the costs may have a hole: \/proc is not readable$/,
    );
    expectVerdict(context, "valid", run);
  });

  it("ends the comparison when it is the first one, because then nothing would work", async () => {
    await expect(
      compare({ topologies: ["phase0", "naive"] }, failingAt(1).platform),
    ).rejects.toThrow("server-2 was not ready");
  });
});
