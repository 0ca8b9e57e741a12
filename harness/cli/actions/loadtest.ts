/** `sse-lab loadtest`: compares topologies. Checks all input before anything is started. */
import pc from "picocolors";
import { PROJECT_ROOT } from "../../../common/paths.ts";
import type { ServiceImage } from "../../../infra/images/prepared-image.ts";
import type { Platform } from "../../platform/platform.ts";
import type { HostedRealtime } from "../../../infra/realtime/realtime-settings.ts";
import type { Topology } from "../../../infra/topologies.ts";
import { asksForHosted, hostedRealtime } from "../../platform/hosted-realtime.ts";
import { checkTopologies, serviceOf } from "../options/choose-service.ts";
import type { Service } from "../../service/read-service-file.ts";
import { checkState } from "../../platform/check-state.ts";
import type { EngineName } from "../../run/engine/load-engine.ts";
import { createResultsFolder, type ResultsFolder } from "../../run/results/results-folder.ts";
import { loadScenario, type ScenarioSources } from "../../scenario/load-scenario.ts";

import { realtimeSettings, type Scenario, selectTopologies } from "../../scenario/scenario.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";
import { interruptible } from "../interrupt.ts";
import {
  attachedScenario,
  type AttachFlags,
  attachTo,
  checkAttachFlags,
  findAttached,
  refuseOtherThanRunning,
} from "../options/choose-attached.ts";
import { checkEngine, prepareEngine } from "../options/choose-engine.ts";
import { checkPlatform, choosePlatform, type PlatformChoice } from "../options/choose-platform.ts";
import {
  checkTargetFlags,
  onTarget,
  type TargetFlags,
  targetPlatform,
  targetScenario,
} from "../options/choose-target.ts";
import { SCENARIO_KEYS } from "../options/scenario-flags.ts";
import { wantsColour } from "../output/colour.ts";
import type { LivePageServer } from "../live/live-page.ts";
import type { ComparisonListener } from "../../run/run-comparison.ts";

interface LoadtestOptions extends Record<string, unknown>, TargetFlags, AttachFlags {
  scenario?: string;
  platform: string;
  engine: string;
  out?: string;
  open?: true;
  json?: true;
}

/** Input that was found to make sense. */
interface LoadtestPlan {
  scenario: Scenario;
  topologies: readonly Topology[];
  hosted: HostedRealtime | undefined;
  engineName: EngineName;
  choice: PlatformChoice;
  service: Service | undefined;
  skipCheck: true | undefined;
  results: ResultsFolder;
  open: true | undefined;
  json: true | undefined;
}

/** @throws UserError for input that cannot be run, before anything is fetched or started */
export async function loadtest(options: LoadtestOptions): Promise<number> {
  const plan = await checkInput(options);
  try {
    return await run(plan);
  } finally {
    await plan.results.close();
  }
}

async function checkInput(options: LoadtestOptions): Promise<LoadtestPlan> {
  const engineName = checkEngine(options.engine);
  const platformName = checkPlatform(options.platform);
  checkAttachFlags(options);
  checkTargetFlags(options);
  if (options.target !== undefined) Object.assign(options, targetScenario(options));
  const chosen = await serviceOf(options, platformName);
  const { service, topologies: fitting } = chosen;
  if (fitting !== undefined) options.topologies = fitting;
  // Most bad input is refused here, without the time that it takes to load a platform.
  const { attach } = options;
  if (attach !== undefined) options.topologies = [attach];
  const asked = await loadScenario(sourcesOf(options, undefined));
  const choice =
    attach === undefined
      ? await placeOf(options, chosen.platform)
      : await attachAs(attach, options, asked);
  const checked = await loadScenario(sourcesOf(options, choice.platform));
  const scenario = options.target === undefined ? checked : onTarget(checked);
  const topologies = selectTopologies(scenario);
  if (service && options.target === undefined)
    await checkTopologies(service, topologies, choice.platform.name);
  const hosted = topologies.some(usesRealtime) ? hostedRealtime() : undefined;
  const { checkOpenFiles } = await import("../options/check-open-files.ts");
  await checkOpenFiles(scenario, topologies);
  checkState();
  const results = await createResultsFolder(PROJECT_ROOT, options.out, new Date());
  const { skipCheck, open, json } = options;
  const load = { scenario, topologies, hosted, engineName, choice, service };
  return { ...load, skipCheck, results, open, json };
}

/** Where the load goes: a platform that starts topologies, or the target. */
async function placeOf(
  options: LoadtestOptions,
  platform: ReturnType<typeof checkPlatform>,
): Promise<PlatformChoice> {
  if (options.target === undefined) return choosePlatform(platform);
  const scenario = await loadScenario(sourcesOf(options, undefined));
  return { platform: await targetPlatform(options, scenario), reason: options.target };
}

/** The scenario goes by what is up from now on. */
async function attachAs(
  name: string,
  options: LoadtestOptions,
  asked: Scenario,
): Promise<PlatformChoice> {
  const found = await findAttached(name, options.platform);
  refuseOtherThanRunning(asked, found.deployment);
  Object.assign(options, attachedScenario(found.deployment, asked));
  return attachTo(found);
}

const sourcesOf = (options: LoadtestOptions, platform: Platform | undefined): ScenarioSources => ({
  ...(options.scenario === undefined ? {} : { file: options.scenario }),
  flags: Object.fromEntries(SCENARIO_KEYS.map((key) => [key, options[key]])),
  place: {
    platform: platform?.name,
    bounceSeconds: (kind, replicas) => platform?.bounceSeconds(kind, replicas) ?? 0,
    realtimeHosted: asksForHosted(),
  },
});

/** What its containers run, if the file says that. */
async function imageOf(service: Service): Promise<ServiceImage | undefined> {
  const { containerOf } = await import("../../run/service/service-program.ts");
  return containerOf(service)?.image;
}

async function run(plan: LoadtestPlan): Promise<number> {
  const { scenario, topologies, hosted, engineName, choice, service, skipCheck } = plan;
  const { results, open, json } = plan;
  const { platform, reason } = choice;
  const { engine, detail } = await interruptible((signal) =>
    prepareEngine(engineName, topologies, signal),
  );
  const { sweep } = await import("../sweep.ts");
  await sweep();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  say(`platform ${platform.name}: ${reason}`);
  if (detail !== undefined) say(`engine ${engine.name}: ${detail}`);
  const realtime = realtimeSettings(scenario, hosted);
  const image = service && (await imageOf(service));
  await interruptible((signal) =>
    platform.prepare({ topologies, realtime, service: image, onStep: say, signal }),
  );
  say(`results in ${results.path}`);
  const [{ runComparison }, { createLiveDisplay }, { printSummary }, { exitCodeOf }] =
    await Promise.all([
      import("../../run/run-comparison.ts"),
      import("../output/live-display.ts"),
      import("../output/print-summary.ts"),
      import("../exit.ts"),
    ]);
  const display = createLiveDisplay(scenario, pc.createColors(wantsColour(process.stderr)));
  const page = open ? await openPage(say) : undefined;
  const comparison = interruptible((signal) =>
    runComparison({
      scenario,
      platform,
      engine,
      hosted,
      service,
      skipCheck,
      results,
      commandLine: ["sse-lab", ...process.argv.slice(2)],
      listener: page ? bothOf(display, page.listener) : display,
      signal,
    }),
  );
  const summary = await comparison.finally(async () => {
    display.close();
    await page?.close(`The load test is over. Its report: ${results.path}/report.html`);
  });
  printSummary(summary, json);
  say(`report: ${results.path}/report.html, and report.md beside it`);
  return exitCodeOf(summary);
}

/** The page takes time of this host, from which the load comes as well. */
async function openPage(say: (line: string) => void): Promise<LivePageServer> {
  const [{ startLivePage }, { openBrowser }] = await Promise.all([
    import("../live/live-page.ts"),
    import("../live/open-browser.ts"),
  ]);
  const page = await startLivePage();
  say(`live page: ${page.url} (a browser on this host takes CPU time from the measurement)`);
  await openBrowser(page.url);
  return page;
}

const bothOf = (a: ComparisonListener, b: ComparisonListener): ComparisonListener => ({
  discardedStarted: (spec) => {
    a.discardedStarted?.(spec);
    b.discardedStarted?.(spec);
  },
  runStarted: (spec, number, of) => {
    a.runStarted?.(spec, number, of);
    b.runStarted?.(spec, number, of);
  },
  runJudged: (result) => {
    a.runJudged?.(result);
    b.runJudged?.(result);
  },
  step: (step) => {
    a.step?.(step);
    b.step?.(step);
  },
  load: (progress) => {
    a.load?.(progress);
    b.load?.(progress);
  },
  measured: async (known) => {
    await a.measured?.(known);
    await b.measured?.(known);
  },
});
