import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Observation } from "../history/observation.ts";
import type { ComponentUsage } from "../platform/platform.ts";
import { createUsageSampler } from "./usage-sampler.ts";

const reading = (cpuSeconds: number, change: Partial<ComponentUsage> = {}): ComponentUsage => ({
  part: "server-1",
  role: "server",
  incarnation: "1",
  source: "procfs",
  cpuSeconds,
  memoryBytes: 1,
  atMs: cpuSeconds,
  ...change,
});

function recording(): {
  recorded: Observation[];
  recorder: { record: (one: Observation) => void };
} {
  const recorded: Observation[] = [];
  return { recorded, recorder: { record: (one) => void recorded.push(one) } };
}

/** Readings that take a while, numbered by their CPU seconds. */
function slow() {
  let calls = 0;
  let inside = 0;
  let most = 0;
  return {
    usage: async (): Promise<ComponentUsage[]> => {
      const number = (calls += 1);
      most = Math.max(most, ++inside);
      await sleep(3);
      inside -= 1;
      return [reading(number)];
    },
    calls: () => calls,
    /** Most readings that were under way at the same time. */
    most: () => most,
  };
}

const cpuOf = (recorded: readonly Observation[]): number[] =>
  recorded.flatMap((one) => (one.type === "usage" ? [one.cpuSeconds] : []));

describe("the usage sampler", () => {
  it("reads once before, again and again between start and stop, once at stop, and never again", async () => {
    const { recorded, recorder } = recording();
    const platform = slow();
    const sampler = createUsageSampler(platform.usage, recorder, { pauseMs: 1, limitMs: 60_000 });
    await sampler.read();
    expect(recorded).toEqual([{ type: "usage", ...reading(1) }]);
    sampler.start();
    while (recorded.length < 4) await sleep(1);
    const beforeStop = platform.calls();
    await sampler.stop();
    const calls = platform.calls();
    expect(calls).toBe(beforeStop + 1);
    expect(cpuOf(recorded)).toEqual(Array.from({ length: calls }, (_, index) => index + 1));
    // Another sampler, with the same pause, shows that there was time for further readings.
    const later = slow();
    const another = createUsageSampler(later.usage, recording().recorder, {
      pauseMs: 1,
      limitMs: 60_000,
    });
    another.start();
    while (later.calls() < 4) await sleep(1);
    await another.stop();
    expect(platform.calls()).toBe(calls);
    expect(sampler.problem()).toBeUndefined();
  });

  it("never has two readings under way, however long one takes and whoever asks", async () => {
    const { recorded, recorder } = recording();
    const platform = slow();
    const sampler = createUsageSampler(platform.usage, recorder, { pauseMs: 0, limitMs: 60_000 });
    sampler.start();
    await Promise.all([sampler.read(), sampler.read(), sampler.stop()]);
    expect(platform.most()).toBe(1);
    expect(cpuOf(recorded)).toEqual([1, 2, 3, 4]);
  });

  it("says once that readings failed, and goes on", async () => {
    const { recorded, recorder } = recording();
    let calls = 0;
    const usage = (): Promise<ComponentUsage[]> => {
      calls += 1;
      return calls <= 2
        ? Promise.reject(new Error(`no such container ${calls}`))
        : Promise.resolve([reading(calls)]);
    };
    const sampler = createUsageSampler(usage, recorder);
    for (let index = 0; index < 3; index += 1) await sampler.read();
    expect(cpuOf(recorded)).toEqual([3]);
    expect(sampler.problem()).toBe(
      "2 readings of what the parts use failed, so the costs may have a hole: no such container 1",
    );
  });

  it(
    "takes a throwing platform and a figure that is none for a failed reading, so that the " +
      "history stays readable",
    async () => {
      const { recorded, recorder } = recording();
      const broken = createUsageSampler(
        () => Promise.resolve([reading(1), reading(NaN)]),
        recorder,
      );
      await broken.read();
      expect(recorded).toEqual([]);
      expect(broken.problem()).toContain("usage: cpuSeconds must be a finite number");
      const throwing = createUsageSampler(() => {
        throw new Error("gone");
      }, recorder);
      await throwing.read();
      expect(throwing.problem()).toContain("gone");
    },
  );

  it("takes a reading of no part at all for a failed one", async () => {
    const { recorder } = recording();
    const sampler = createUsageSampler(() => Promise.resolve([]), recorder);
    await sampler.read();
    expect(sampler.problem()).toContain("no part could be read");
  });

  it("gives a reading up that hangs, ends in time, and records nothing that comes later", async () => {
    const { recorded, recorder } = recording();
    let calls = 0;
    let answer: (readings: ComponentUsage[]) => void = () => undefined;
    const hanging = (): Promise<ComponentUsage[]> => {
      calls += 1;
      return new Promise((resolve) => (answer = resolve));
    };
    const sampler = createUsageSampler(hanging, recorder, { pauseMs: 1, limitMs: 5 });
    sampler.start();
    await sampler.stop();
    expect(sampler.problem()).toContain("it took longer than 5 ms");
    // No second one beside the one that hangs.
    expect(calls).toBe(1);
    answer([reading(1)]);
    await sleep(10);
    expect(recorded).toEqual([]);
  });

  it("tells no problem of what fails after it was abandoned, as when the deployment goes down", async () => {
    const { recorder } = recording();
    const sampler = createUsageSampler(() => Promise.reject(new Error("gone")), recorder);
    const read = sampler.read();
    sampler.abandon();
    await read;
    expect(sampler.problem()).toBeUndefined();
  });
});
