import { describe, expect, it } from "vitest";
import type { Scenario } from "../scenario/scenario.ts";
import {
  compare,
  expectBounced,
  expectVerdict,
  type TestComparison,
} from "./test-support/test-comparison.ts";

const topologies: Scenario["topologies"] = ["phase1", "phase2"];

describe("a comparison across bounces", () => {
  /** What a pipeline took along is lost in phase1; phase2 loses what nobody was there for. */
  const expectPromises = ({ run }: TestComparison, bounce: string): void => {
    const [phase1, phase2] = [run("phase1", bounce), run("phase2", bounce)];
    for (const each of [phase1, phase2]) expectBounced(each);
    expect(phase2.lostByCause["no-route"]).toBe(0);
    expect(phase2.lostByCause["while-disconnected"]).toBeGreaterThan(0);
  };

  it("of one crash loses what died with the pipelines, or was published to nobody", async (context) => {
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
    expectPromises(crash, "crash");
    expect(crash.run("phase1", "crash").sessions).toBeGreaterThan(60);
    expectVerdict(context, "valid", ...crash.summary.runs);
  }, 90_000);

  it("of a rolling deploy loses the same with each instance", async (context) => {
    const durationS = 10;
    await using rolling = await compare({
      topologies,
      bounces: ["rolling"],
      replicas: 2,
      duration: durationS,
      drain: 3,
    });
    expectPromises(rolling, "rolling");
    expect(rolling.run("phase1", "rolling").bounces).toHaveLength(2);
    expect(rolling.run("phase1", "rolling").due).toBe(60 * 4 * durationS);
    expectVerdict(context, "valid", ...rolling.summary.runs);
  }, 90_000);

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
      // Side by side: the verdict, which a busy host changes, does not matter.
      const [retrying, eventsource] = await Promise.all([
        through("retrying"),
        through("eventsource"),
      ]);
      expect(retrying.reconnects.timeTo100Ms).not.toBeNull();
      expect(eventsource.reconnects.timeTo100Ms).toBeNull();
      expect(eventsource.reconnects.count).toBeLessThan(retrying.reconnects.count);
    },
  );
});
