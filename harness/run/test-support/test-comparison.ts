/** Test support: a small comparison on the real local platform, in its own folder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type TestContext } from "vitest";
import type { RunResult, Verdict } from "../../checker/run-result.ts";
import { localPlatform } from "../../platform/local/local-platform.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Summary } from "../../report/summary/summary.ts";
import { parseScenario } from "../../scenario/parse-scenario.ts";
import { DEFAULT_SCENARIO } from "../../scenario/default-scenario.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import type { Service } from "../../service/read-service-file.ts";
import { type LoadEngine, nativeEngine } from "../engine/load-engine.ts";
import { createResultsFolder } from "../results/results-folder.ts";
import { BUSY_NOTE } from "../../test-setup/busy-host-limit.ts";
import { runComparison } from "../run-comparison.ts";

export interface TestComparison extends AsyncDisposable {
  summary: Summary;
  path: string;
  /** The one run of a topology and bounce. */
  run: (topology: string, bounce?: string) => RunResult;
}

/** Runs a comparison with a light load, changed as given. */
export async function compare(
  change: Partial<Scenario>,
  platform: Platform = localPlatform,
  engine: LoadEngine = nativeEngine,
  service?: Service,
): Promise<TestComparison> {
  const light = {
    ...DEFAULT_SCENARIO,
    bounces: ["none"],
    sessions: 60,
    rate: 4,
    arrival: "ramp" as const,
    duration: 2,
    ramp: 1,
    drain: 2,
  };
  return compareScenario(scenarioOf({ ...light, ...change }, platform), platform, engine, service);
}

/** Runs a comparison with a scenario that is not checked any more. */
export async function compareScenario(
  scenario: Scenario,
  platform: Platform = localPlatform,
  engine: LoadEngine = nativeEngine,
  service?: Service,
): Promise<TestComparison> {
  const path = await mkdtemp(join(tmpdir(), "sse-lab-comparison-"));
  const remove = () => rm(path, { recursive: true, force: true });
  const results = await createResultsFolder(path, path, new Date());
  const summary = await runComparison({
    scenario,
    platform,
    engine,
    service,
    results,
    commandLine: ["test"],
    listener: {},
    signal: new AbortController().signal,
  }).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  await results.close();
  return {
    summary,
    path,
    run: (topology, bounce = "none") => {
      const found = summary.runs.find((run) => run.topology === topology && run.bounce === bounce);
      if (!found) throw new Error(`no run of ${topology} under ${bounce}`);
      return found;
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** A target has one topology, for which another stands while the scenario is checked. */
function scenarioOf(given: object, platform: Platform): Scenario {
  const isTarget = platform.name === "target";
  const scenario = parseScenario(isTarget ? { ...given, topologies: ["phase0"] } : given, {
    bounceSeconds: (kind, replicas) => platform.bounceSeconds(kind, replicas),
    platform: platform.name,
    realtimeHosted: false,
  });
  return isTarget ? { ...scenario, topologies: ["target"] } : scenario;
}

/** Causes of loss that a run shows. */
export const causesOf = (run: RunResult): string[] =>
  Object.entries(run.lostByCause)
    .filter(([, lost]) => lost > 0)
    .map(([cause]) => cause)
    .sort();

/** Reasons that concern the test host and not the topology: the engine or the servers were late. */
const HOST_WAS_BUSY =
  /^(The load generator was saturated|Only .* published before the drain|In .* the host was more)/;

/** Why the host was too busy to judge the run; undefined if it was judged. */
const busyReason = ({ verdict, reasons }: RunResult): string | undefined =>
  verdict === "unknown" ? reasons.find((reason) => HOST_WAS_BUSY.test(reason)) : undefined;

/**
 * Asserts the verdict of each run that could be judged. If the host was too busy to judge one, the
 * test is skipped with a note. Call it before assertions on figures that a busy host changes, else
 * last. More than two such skips fail the whole suite
 * (harness/test-setup/busy-host-limit.ts).
 */
export function expectVerdict(context: TestContext, expected: Verdict, ...runs: RunResult[]): void {
  const notes: string[] = [];
  for (const run of runs) {
    const reason = busyReason(run);
    if (reason === undefined) expect(run.verdict, run.reasons.join("\n")).toBe(expected);
    else notes.push(`${run.topology}, ${run.bounce}: ${reason}`);
  }
  if (notes.length > 0) context.skip(`${BUSY_NOTE} ${notes.join("; ")}`);
}

/** A run of the light load, of which everything arrived, once and in order. */
export const WHOLE = {
  due: 480,
  delivered: 480,
  lost: 0,
  stuckStreams: 0,
  duplicated: 0,
  reordered: 0,
} satisfies Partial<RunResult>;

/**
 * Four standard errors of a share that chance decides session by session: outside of it the lab is
 * wrong, not unlucky.
 */
export const tolerance = (share: number, sessions: number): number =>
  4 * Math.sqrt((share * (1 - share)) / sessions);

/**
 * What every run with a bounce shows: accounts that add up, pipelines that died, clients that came
 * back, nothing unexplained.
 */
export function expectBounced(run: RunResult): void {
  expect(run.lost + run.delivered + run.recovered + run.neverPublished + run.indeterminate).toBe(
    run.due,
  );
  expect(run.neverPublished).toBeGreaterThan(0);
  expect(run.stuckStreams).toBeGreaterThan(0);
  expect(run.reconnects.count).toBeGreaterThan(0);
  expect(run.lostByCause).toMatchObject({ unexplained: 0, "broker-gap": 0 });
  expect(run.bounces.every(({ endedMs }) => endedMs !== null)).toBe(true);
}
