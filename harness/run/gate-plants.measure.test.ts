/**
 * The gate, with its default limits, on real runs of a server that really regressed.
 * `SSE_LAB_GATE_TRIES=20` gives the long form: 20 tries of each, and 20 comparisons of a build with
 * itself.
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { fromRoot } from "../../common/paths.ts";
import { localPlatform } from "../platform/local/local-platform.ts";
import type { Platform } from "../platform/platform.ts";
import { type GateWord, judgeGate } from "../report/gate/judge-gate.ts";
import { parseThresholds } from "../report/gate/thresholds.ts";
import type { Summary } from "../report/summary/summary.ts";
import { compare, expectVerdict } from "./test-support/test-comparison.ts";

const TRIES = Number(process.env["SSE_LAB_GATE_TRIES"] ?? 1);
const LIMITS = parseThresholds(readFileSync(fromRoot("sse-lab.thresholds.yaml"), "utf8"), "here");
const PRELOAD = pathToFileURL(fromRoot("harness/test-setup/plant.mjs")).href;

const planted = (plant: string): Platform => ({
  ...localPlatform,
  up: (options) =>
    localPlatform.up({
      ...options,
      serverSettings: {
        ...options.serverSettings,
        NODE_OPTIONS: `--import=${PRELOAD}`,
        PLANT: plant,
      },
    }),
});

async function measure(plant: string, seed: number): Promise<Summary> {
  const load = { topologies: ["phase0"], sessions: 40, rate: 10, duration: 3, drain: 2, seed };
  await using comparison = await compare(load, planted(plant));
  return comparison.summary;
}

/** By plant, the words of the gate. */
const words = new Map<string, GateWord[]>();
const say = (plant: string, word: GateWord): void =>
  void words.set(plant, [...(words.get(plant) ?? []), word]);
afterAll(() => {
  if (TRIES > 1) process.stderr.write(`${JSON.stringify(Object.fromEntries(words))}\n`);
});

describe(`the gate, ${TRIES} times`, () => {
  const bases: Summary[] = [];

  it("passes a build, also beside itself", { timeout: 60_000 * TRIES }, async (context) => {
    for (let seed = 1; seed <= TRIES; seed += 1) {
      const [base, again] = [await measure("none", seed), await measure("none", seed)];
      bases.push(base);
      if (TRIES === 1) expectVerdict(context, "valid", ...base.runs, ...again.runs);
      say("none", judgeGate(again, LIMITS, base).word);
    }
    const alarms = words.get("none")?.filter((word) => word === "failed") ?? [];
    expect(alarms.length).toBeLessThanOrEqual(TRIES / 20);
  });

  it.each(["one in a hundred dropped", "30 ms later", "one stream stuck"])(
    "catches %s",
    { timeout: 60_000 * TRIES },
    async (plant) => {
      for (const [index, base] of bases.entries())
        say(plant, judgeGate(await measure(plant, index + 1), LIMITS, base).word);
      const caught = words.get(plant)?.filter((word) => word === "failed") ?? [];
      expect(caught.length).toBeGreaterThanOrEqual(Math.ceil(0.95 * TRIES));
    },
  );
});
