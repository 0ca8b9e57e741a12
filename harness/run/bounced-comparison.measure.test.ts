import { describe, expect, it } from "vitest";
import type { Scenario } from "../scenario/scenario.ts";
import { compare, expectVerdict } from "./test-support/test-comparison.ts";

describe("a comparison across bounces", () => {
  it(
    "loses in phase1 what died with the pipeline, and in phase2 only what was published " +
      "while a client was away",
    async (context) => {
      const topologies: Scenario["topologies"] = ["phase1", "phase2"];
      // A crash is over much sooner than a rolling deploy of three.
      const rollingS = 13;
      // As by default: sessions come and go, and the bounce begins at a random time.
      await using crash = await compare({
        topologies,
        bounces: ["crash"],
        arrival: "stationary",
        pipeline: 4,
        warmUp: 1.5,
        duration: 8,
        drain: 3,
      });
      await using rolling = await compare({
        topologies,
        bounces: ["rolling"],
        duration: rollingS,
        drain: 3,
      });
      for (const [bounce, comparison] of [
        ["crash", crash],
        ["rolling", rolling],
      ] as const) {
        const [phase1, phase2] = [
          comparison.run("phase1", bounce),
          comparison.run("phase2", bounce),
        ];
        for (const run of [phase1, phase2]) {
          expect(
            run.lost + run.delivered + run.recovered + run.neverPublished + run.indeterminate,
          ).toBe(run.due);
          expect(run.neverPublished).toBeGreaterThan(0);
          expect(run.stuckStreams).toBeGreaterThan(0);
          expect(run.reconnects.count).toBeGreaterThan(0);
          expect(run.lostByCause).toMatchObject({ unexplained: 0, "broker-gap": 0 });
          expect(run.bounces.every(({ endedMs }) => endedMs !== null)).toBe(true);
        }
        expect(phase2.lostByCause["no-route"]).toBe(0);
        expect(phase2.lostByCause["while-disconnected"]).toBeGreaterThan(0);
      }
      expect(rolling.run("phase1", "rolling").bounces).toHaveLength(3);
      expect(rolling.run("phase1", "rolling").due).toBe(60 * 4 * rollingS);
      expect(crash.run("phase1", "crash").sessions).toBeGreaterThan(60);
      expectVerdict(context, "valid", ...crash.summary.runs, ...rolling.summary.runs);
    },
    180_000,
  );

  it(
    "brings every retrying client back through a recreate, but not every EventSource, which " +
      "a single 503 ends",
    async () => {
      const through = async (client: "retrying" | "eventsource") => {
        await using comparison = await compare({
          topologies: ["phase1"],
          bounces: ["recreate"],
          duration: 9,
          client,
        });
        return comparison.run("phase1", "recreate");
      };
      const retrying = await through("retrying");
      expect(retrying.reconnects.timeTo100Ms).not.toBeNull();
      const eventsource = await through("eventsource");
      expect(eventsource.reconnects.timeTo100Ms).toBeNull();
      expect(eventsource.reconnects.count).toBeLessThan(retrying.reconnects.count);
    },
  );
});
