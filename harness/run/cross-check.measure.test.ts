/**
 * The native engine and the k6 scripts on the lab's double of k6: the same plan on real topologies,
 * cross-checked.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CrossCheck } from "../checker/compare-engines/cross-check.ts";
import type { CrossFinding } from "../checker/compare-engines/cross-finding.ts";
import type { RunResult } from "../checker/run-result.ts";
import { runCommand } from "../cli/test-support/run-command.ts";
import { bundleScript } from "../load/k6/scripts/bundle-scripts.ts";
import { runK6Load } from "../load/k6/run-k6-load.ts";
import { localPlatform } from "../platform/local/local-platform.ts";
import { type Scenario, selectTopologies } from "../scenario/scenario.ts";
import { createK6Engine } from "./engine/k6-engine.ts";
import type { LoadEngine } from "./engine/load-engine.ts";
import { compare, expectVerdict, type TestComparison } from "./test-support/test-comparison.ts";
import { PROJECT_ROOT } from "../../common/paths.ts";

const DOUBLE = join(PROJECT_ROOT, "standins", "k6", "k6-double.mjs");
const env = { ...process.env, K6_BIN: DOUBLE };

const scriptEngine = (topologies: Scenario["topologies"]) =>
  createK6Engine(selectTopologies({ topologies }), env);

/** What stands in the script's bundle, once each, and what makes it wrong. */
const DEFECTS = {
  "sends no Last-Event-ID": ['{ "last-event-id": lastEventId }', "{}"],
  "takes comments for events": ['if (raw.data === "") return;', ""],
} as const;

/** The k6 engine, with every one of the defects in its script. */
async function defectiveEngine(topologies: Scenario["topologies"]): Promise<LoadEngine> {
  const engine = await scriptEngine(topologies);
  return {
    ...engine,
    load: async (plan, labels, options) => {
      const script = await bundleScript("sse", options.historyDir);
      let text = await readFile(script, "utf8");
      for (const [sound, wrong] of Object.values(DEFECTS)) {
        expect(text.split(sound)).toHaveLength(2);
        text = text.replace(sound, wrong);
      }
      await writeFile(script, text);
      return runK6Load(plan, { ...options, k6: engine.k6, script, labels, env });
    },
  };
}

interface Told extends CrossCheck {
  code: number;
  findings: (CrossFinding & { sentence: string })[];
}

async function crossCheck(a: TestComparison, b: TestComparison): Promise<Told> {
  const { exitCode, stdout } = await runCommand(["cross-check", a.path, b.path, "--json"]);
  return { code: exitCode, ...(JSON.parse(stdout) as Omit<Told, "code">) };
}

/** They agree. If a run could not be judged, nothing that could be compared differs. */
function expectAgreement(
  { agreement, findings, code, notCompared }: Told,
  ...sides: TestComparison[]
): void {
  expect(findings.map(({ sentence }) => sentence)).toEqual([]);
  const unjudged = runsOf(...sides).some(({ verdict }) => verdict === "unknown");
  expect({ agreement, code }).toEqual(
    unjudged ? { agreement: "cannot tell", code: 2 } : { agreement: "agree", code: 0 },
  );
  if (!unjudged) expect(notCompared).toEqual([]);
}

const runsOf = (...sides: TestComparison[]): RunResult[] =>
  sides.flatMap(({ summary }) => summary.runs);

const STEADY = {
  topologies: ["phase0", "phase1"],
  sessions: 20,
  duration: 3,
} satisfies Partial<Scenario>;
const CRASH = {
  topologies: ["phase1"],
  bounces: ["crash"],
  sessions: 30,
  duration: 6,
} satisfies Partial<Scenario>;

describe("the cross-check of runs on real topologies", { timeout: 180_000 }, () => {
  it("finds no difference of the native engine from itself", async (context) => {
    const small = {
      topologies: ["phase0"],
      sessions: 10,
      duration: 2,
      ramp: 0.5,
      drain: 1,
    } satisfies Partial<Scenario>;
    await using first = await compare(small);
    await using second = await compare(small);
    expectAgreement(await crossCheck(first, second), first, second);
    expectVerdict(context, "valid", ...runsOf(first, second));
  });

  it("finds none of the k6 script from the native engine in steady state", async (context) => {
    await using native = await compare(STEADY);
    await using script = await compare(
      STEADY,
      localPlatform,
      await scriptEngine(STEADY.topologies),
    );
    const told = await crossCheck(native, script);
    expectAgreement(told, native, script);
    for (const { pairs } of told.compared) expect(pairs).toBe(20 * 12);
    expectVerdict(context, "valid", ...runsOf(native, script));
  });

  it("finds none across a crash, and names the defects of a script that has some", async (context) => {
    await using native = await compare(CRASH);
    await using script = await compare(CRASH, localPlatform, await scriptEngine(CRASH.topologies));
    expectAgreement(await crossCheck(native, script), native, script);

    await using defective = await compare(
      CRASH,
      localPlatform,
      await defectiveEngine(CRASH.topologies),
    );
    const { code, findings } = await crossCheck(native, defective);
    expect(findings.map(({ kind, side, detail }) => [kind, side, detail])).toEqual([
      ["no-last-event-id", "B", null],
      ["stray", "B", "message"],
    ]);
    for (const { count, sentence, sessions } of findings) {
      expect(count).toBeGreaterThan(0);
      expect(sentence).toMatch(/^phase1, crash: k6-double /);
      expect(sessions[0]).toMatch(/^s\d+$/);
    }
    expect(code).toBe(1);
    expectVerdict(context, "valid", ...runsOf(native, script));
  });
});
