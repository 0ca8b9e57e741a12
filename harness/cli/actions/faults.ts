/** `sse-lab faults`: every topology under every bounce that it allows. */
import pc from "picocolors";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../common/paths.ts";
import { plural } from "../../../common/portable/plural.ts";
import { UserError } from "../../../common/user-error.ts";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import type { BounceKind } from "../../history/observation.ts";
import { asksForHosted, hostedRealtime } from "../../platform/hosted-realtime.ts";
import { checkState } from "../../platform/check-state.ts";
import type { Platform } from "../../platform/platform.ts";
import { faultTable } from "../../report/tables/fault-table.ts";
import { createResultsFolder, type ResultsFolder } from "../../run/results/results-folder.ts";
import { readEarlier } from "../../run/results/rebuild-report.ts";
import { FAULT_BOUNCES, FAULT_SCENARIO, skippedPairs } from "../../scenario/fault-scenario.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import { CHOICES, listProblem } from "../../scenario/ranges.ts";
import { realtimeSettings, type Scenario, selectTopologies } from "../../scenario/scenario.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";
import { exitCodeOf } from "../exit.ts";
import { interruptible } from "../interrupt.ts";
import { checkPlatform, choosePlatform } from "../options/choose-platform.ts";
import { wantsColour } from "../output/colour.ts";

interface FaultsOptions {
  topologies?: string[];
  bounces?: string[];
  sessions?: number | string;
  seed?: number | string;
  platform: string;
  out: string;
  again?: true;
  json?: true;
}

/** Files of an earlier matrix, which `--again` replaces. */
const MADE = ["history.ndjson.gz", "manifest.json", "summary.json"];
const REPORTS = ["report.md", "report.html", "junit.xml"];

/** @throws UserError for input that cannot be run, before anything is fetched or started */
export async function faults(options: FaultsOptions): Promise<number> {
  const platformName = checkPlatform(options.platform);
  const bounces = checkBounces(options.bounces);
  await scenarioOf(options, bounces, undefined);
  const { platform, reason } = await choosePlatform(platformName);
  const scenario = await scenarioOf(options, bounces, platform);
  checkState();
  const results = await createResultsFolder(PROJECT_ROOT, options.out, new Date(), "anything");
  try {
    return await measure(scenario, platform, reason, results, options);
  } finally {
    await results.close();
  }
}

function checkBounces(asked: string[] | undefined): readonly BounceKind[] {
  if (asked === undefined) return FAULT_BOUNCES;
  const problem = listProblem(asked, CHOICES.bounce);
  if (problem !== undefined) throw new UserError(`--bounces: ${problem}`);
  return asked as BounceKind[];
}

/** Pairs that do not fit are left out, so the bounces are not checked against the topologies. */
async function scenarioOf(
  { topologies, sessions, seed }: FaultsOptions,
  bounces: readonly BounceKind[],
  platform: Platform | undefined,
): Promise<Scenario> {
  const scenario = await loadScenario({
    flags: {
      ...FAULT_SCENARIO,
      topologies: topologies ?? TOPOLOGIES.map(({ name }) => name),
      bounces: ["none"],
      ...(sessions === undefined ? {} : { sessions }),
      ...(seed === undefined ? {} : { seed }),
    },
    place: { platform: platform?.name, bounceSeconds: () => 0, realtimeHosted: asksForHosted() },
  });
  return { ...scenario, bounces: [...bounces] };
}

async function measure(
  scenario: Scenario,
  platform: Platform,
  reason: string,
  results: ResultsFolder,
  { again, json }: FaultsOptions,
): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const earlier = again ? undefined : await readEarlier(results.path, scenario);
  if (earlier === undefined)
    for (const file of [...MADE, ...REPORTS]) await rm(join(results.path, file), { force: true });
  else
    say(`${results.path} holds ${plural(earlier.runs.length, "run")}; --again measures them again`);
  const topologies = selectTopologies(scenario);
  const hosted = topologies.some(usesRealtime) ? hostedRealtime() : undefined;
  const { sweep } = await import("../sweep.ts");
  await sweep();
  say(`platform ${platform.name}: ${reason}`);
  const realtime = realtimeSettings(scenario, hosted);
  await interruptible((signal) => platform.prepare({ topologies, realtime, onStep: say, signal }));
  const [{ runComparison }, { createLiveDisplay }] = await Promise.all([
    import("../../run/run-comparison.ts"),
    import("../output/live-display.ts"),
  ]);
  const display = createLiveDisplay(scenario, pc.createColors(wantsColour(process.stderr)));
  const summary = await interruptible((signal) =>
    runComparison({
      scenario,
      platform,
      hosted,
      results,
      skipped: skippedPairs(topologies, scenario.bounces, platform.name),
      earlier,
      commandLine: ["sse-lab", ...process.argv.slice(2)],
      listener: display,
      signal,
    }),
  ).finally(() => display.close());
  process.stdout.write(
    `${json ? JSON.stringify(summary, undefined, 2) : (faultTable(summary) ?? "")}\n`,
  );
  say(`report: ${results.path}/report.md`);
  return exitCodeOf(summary);
}
