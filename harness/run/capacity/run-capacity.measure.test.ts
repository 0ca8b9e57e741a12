import { expect, it } from "vitest";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import { localPlatform } from "../../platform/local/local-platform.ts";
import type { Platform } from "../../platform/platform.ts";
import { runCapacity } from "./run-capacity.ts";

/** Blocks the event loop nearly all the time, and never in step with the events. */
const BURN = "setInterval(()=>{for(const until=Date.now()+68;Date.now()<until;);},70)";

const slow: Platform = {
  ...localPlatform,
  up: (options) =>
    localPlatform.up({
      ...options,
      serverSettings: {
        ...options.serverSettings,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(BURN)}`,
      },
    }),
};

const measure = (platform: Platform, p99Ms: number) =>
  runCapacity({
    topology: TOPOLOGIES.find(({ name }) => name === "phase0")!,
    platform,
    scenario: { topologies: ["phase0"], bounces: ["none"], ramp: 1, drain: 2 },
    measureS: 4,
    limits: { first: { sessions: 4, rate: 4 }, factor: 2, maxSessions: 8, maxRate: 4 },
    thresholds: { missed: 0, p99Ms },
    onLevel: () => undefined,
    onStep: () => undefined,
    signal: new AbortController().signal,
  });

it("a planted slow instance gives in first, unless the host itself does", async () => {
  const { capacity } = await measure(slow, 20);
  const { held, first, steps } = capacity;
  expect(held).toBeNull();
  for (const { parts, broke } of steps) {
    expect(parts[0]).toMatchObject({ part: "server-1" });
    expect(broke.join()).toMatch(/p99 was \d/);
  }
  if (first?.part === null)
    expect(first.why).toMatch(/host itself was saturated|load engine gave in/);
  else expect(first?.part).toBe("server-1");
  // The first level, and again, because one broken load proves nothing.
  expect(steps.map(({ sessions, holds }) => [sessions, holds])).toEqual([
    [4, false],
    [4, false],
  ]);
});

it("one deployment carries every level, up to the last that was asked for", async () => {
  const { capacity, held } = await measure(localPlatform, 5_000);
  expect(capacity).toMatchObject({ broke: null, first: null, held: { sessions: 8, rate: 4 } });
  expect(held?.result).toMatchObject({ lost: 0, neverPublished: 0 });
  expect(held?.result.costs.map(({ part }) => part).sort()).toEqual(["server-1", "traefik"]);
});
