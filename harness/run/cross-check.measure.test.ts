/**
 * The native engine and the k6 scripts on the lab's double of k6: the same plan on real topologies,
 * cross-checked.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CrossCheck } from "../checker/compare-engines/cross-check.ts";
import type { CrossFinding } from "../checker/compare-engines/cross-finding.ts";
import type { RunResult } from "../checker/run-result.ts";
import { runCommand } from "../cli/test-support/run-command.ts";
import { bundleScript } from "../load/k6/scripts/bundle-scripts.ts";
import { runK6Load } from "../load/k6/run-k6-load.ts";
import { localPlatform } from "../platform/local/local-platform.ts";
import { parseManifest } from "../report/summary/manifest.ts";
import { type Scenario, selectTopologies } from "../scenario/scenario.ts";
import { createK6Engine } from "./engine/k6-engine.ts";
import type { LoadEngine } from "./engine/load-engine.ts";
import { rebuildReport } from "./results/rebuild-report.ts";
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

/** A steady run and a crash, the same for each engine. Shared by all tests that need both. */
const LOAD = {
  topologies: ["phase1"],
  bounces: ["none", "crash"],
  sessions: 30,
  duration: 6,
} satisfies Partial<Scenario>;
const DUE = 30 * 4 * 6;

describe("the native engine and the k6 script on a real topology", () => {
  let native: TestComparison;
  let script: TestComparison;
  beforeAll(async () => {
    native = await compare(LOAD);
    script = await compare(LOAD, localPlatform, await scriptEngine(LOAD.topologies));
  }, 180_000);
  afterAll(async () => {
    await native[Symbol.asyncDispose]();
    await script[Symbol.asyncDispose]();
  });

  it("agree in steady state and across a crash", async (context) => {
    const told = await crossCheck(native, script);
    expectAgreement(told, native, script);
    expectVerdict(context, "valid", ...runsOf(native, script));
    const pairs = told.compared.map((group) => [group.bounce, group.pairs]);
    expect(Object.fromEntries(pairs)).toEqual({ none: DUE, crash: null });
  });

  it("differ by each defect that the script has", async () => {
    const crash = { ...LOAD, bounces: ["crash"] } satisfies Partial<Scenario>;
    await using defective = await compare(
      crash,
      localPlatform,
      await defectiveEngine(LOAD.topologies),
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
  });

  it("of which k6 loses nothing in steady state, sees a crash as it is, and is named", async (context) => {
    const { path, run, summary } = script;
    expect(summary).toMatchObject({ engine: "k6", engineStandIn: "k6-double" });
    const steady = run("phase1");
    expect(steady).toMatchObject({
      sessions: 30,
      due: DUE,
      delivered: DUE,
      lost: 0,
      stuckStreams: 0,
      duplicated: 0,
    });
    expect(steady.affinity).toEqual({ hitRatio: 1, misroutes: 0 });
    expect(steady.reasons[0]).toBe(
      "The load was made by k6-double, a contract double, not k6 (version 2.3.0).",
    );
    const crash = run("phase1", "crash");
    expect(crash.due).toBe(DUE);
    expect(crash.lostByCause.unexplained).toBe(0);
    expect(crash.bounces).toHaveLength(1);
    expect(crash.bounces[0]?.cut).toBeGreaterThan(0);
    expect(crash.reconnects.count).toBeGreaterThan(0);
    if (process.platform === "linux") {
      expect(steady.load.cpuSeconds).toBeGreaterThan(0);
      expect(steady.load.rssBytes).toBeGreaterThan(1e6);
    }
    const manifest = parseManifest(JSON.parse(await readFile(join(path, "manifest.json"), "utf8")));
    expect(manifest).toMatchObject({ engine: "k6", engineStandIn: "k6-double" });
    expect(manifest.versions).toMatchObject({ "k6-double": "2.3.0" });
    expect(Object.keys(manifest.versions)).not.toContain("xk6-sse");
    expect(await rebuildReport(path)).toEqual(summary);
    expectVerdict(context, "valid", steady, crash);
  });

  it(
    "of which the native one does not differ from itself",
    { timeout: 60_000 },
    async (context) => {
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
    },
  );
});
