/** `sse-lab loadtest`: the main job. */
import type { Command } from "commander";
import pc from "picocolors";
import { asksForHosted, hostedRealtime } from "../../platform/hosted-realtime.ts";
import { createResultsFolder } from "../../run/results/results-folder.ts";
import { runComparison } from "../../run/run-comparison.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import { realtimeSettings, selectTopologies } from "../../scenario/scenario.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";
import { checkOpenFiles } from "../options/check-open-files.ts";
import { checkEngine, ENGINE_HELP, prepareEngine } from "../options/choose-engine.ts";
import { choosePlatform } from "../options/choose-platform.ts";
import { wantsColour } from "../output/colour.ts";
import { exitCodeOf } from "../exit.ts";
import { interruptible } from "../interrupt.ts";
import { createLiveDisplay } from "../output/live-display.ts";
import { addScenarioFlags, PLATFORM_HELP, SCENARIO_KEYS } from "../options/scenario-flags.ts";
import { printSummary } from "../output/print-summary.ts";
import { sweep } from "../sweep.ts";
import { PROJECT_ROOT } from "../../../common/paths.ts";

interface LoadtestOptions extends Record<string, unknown> {
  scenario?: string;
  platform: string;
  engine: string;
  out?: string;
  json?: true;
}

export function addLoadtest(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command("loadtest")
    .summary("compare topologies across deploy bounces")
    .description(
      "Stands each topology up, puts load on it, bounces it while people are connected, and says per event what was lost and why.",
    );
  addScenarioFlags(command)
    .option("--platform <p>", PLATFORM_HELP, "auto")
    .option("--engine <e>", ENGINE_HELP, "native")
    .option(
      "--out <dir>",
      "new or empty folder for the results (default: results/<time>, with results/latest pointing at it)",
    )
    .option("--json", "print summary.json instead of the table")
    .addHelpText("after", EXAMPLES)
    .action(async (options: LoadtestOptions) => {
      setExitCode(await loadtest(options));
    });
}

const EXAMPLES = `
Examples:
  sse-lab loadtest                                      the default comparison, under five minutes
  sse-lab loadtest --topologies naive --bounces none --replicas 4
  sse-lab loadtest --bounces rolling --repeat 3         medians and spread
  sse-lab loadtest --bounces rolling --grace 0          a host that kills at once
  sse-lab loadtest --topologies phase2 --redis stopped  what the fallback costs
  sse-lab loadtest --client eventsource                 browsers' EventSource instead of a retrying client
  sse-lab loadtest --topologies phase2,phase3           Supabase Realtime beside Redis (here a stand-in plays it, see --realtime-plan)
  sse-lab loadtest --topologies phase3 --bounces none,realtime-outage --catch-up
  sse-lab loadtest --topologies phase3 --bounces none --realtime-plan free --over-quota
                                                        what a quota does to a load that is beyond it
  K6_BIN=./k6 sse-lab loadtest --engine k6 --topologies phase1 --bounces none,rolling
                                                        the same plan by the k6 scripts; K6_... of yours goes to k6

Exit code: 0 all verdicts valid, 1 some invalid, 2 some unknown or it could not run.`;

async function loadtest(options: LoadtestOptions): Promise<number> {
  const engineName = checkEngine(options.engine);
  const { platform, reason } = await choosePlatform(options.platform);
  const flags = Object.fromEntries(SCENARIO_KEYS.map((key) => [key, options[key]]));
  const scenario = await loadScenario({
    ...(options.scenario === undefined ? {} : { file: options.scenario }),
    flags,
    place: {
      bounceSeconds: (kind, replicas) => platform.bounceSeconds(kind, replicas),
      realtimeHosted: asksForHosted(),
    },
  });
  const topologies = selectTopologies(scenario);
  const hosted = topologies.some(usesRealtime) ? hostedRealtime() : undefined;
  await checkOpenFiles(scenario.sessions, topologies);
  await sweep();
  const { engine, detail } = await interruptible((signal) => prepareEngine(engineName, topologies, signal));
  process.stderr.write(`platform ${platform.name}: ${reason}\n`);
  if (detail !== undefined) process.stderr.write(`engine ${engine.name}: ${detail}\n`);
  const onStep = (step: string): void => void process.stderr.write(`${step}\n`);
  const realtime = realtimeSettings(scenario, hosted);
  await interruptible((signal) => platform.prepare({ topologies, realtime, onStep, signal }));
  const results = await createResultsFolder(PROJECT_ROOT, options.out, new Date());
  process.stderr.write(`results in ${results.path}\n`);
  const display = createLiveDisplay(scenario, pc.createColors(wantsColour(process.stderr)));
  const comparison = interruptible((signal) =>
    runComparison({
      scenario,
      platform,
      engine,
      hosted,
      results,
      commandLine: ["sse-lab", ...process.argv.slice(2)],
      listener: display,
      signal,
    }),
  );
  const summary = await comparison.finally(() => display.close());
  printSummary(summary, options.json);
  process.stderr.write(`report: ${results.path}/report.md\n`);
  return exitCodeOf(summary);
}
