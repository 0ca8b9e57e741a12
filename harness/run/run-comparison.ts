/**
 * Runs a comparison: measures each topology under each bounce, one after the other, and judges it.
 */
import { rm } from "node:fs/promises";
import type { RunResult } from "../checker/run-result.ts";
import type { RunSeries } from "../checker/run-series.ts";
import { appendRun } from "../history/history-file.ts";
import type { Observation } from "../history/observation.ts";
import { readHistory } from "../history/read-history.ts";
import { labVersion } from "../../common/lab-version.ts";
import { measureFrontEnd } from "../load/browser/front-end-size.ts";
import type { Platform } from "../platform/platform.ts";
import type { Manifest } from "../report/summary/manifest.ts";
import type { Summary } from "../report/summary/summary.ts";
import { writeManifest, writePage, writeResults } from "../report/render/write-results.ts";
import { streamSettings } from "../../infra/stack/server-settings.ts";
import type { HostedRealtime } from "../../infra/realtime/realtime-settings.ts";
import { realtimeSettings, type Scenario, selectTopologies } from "../scenario/scenario.ts";
import type { SkippedPair } from "../scenario/fault-scenario.ts";
import type { BounceSeconds } from "../scenario/run-times.ts";
import { leftOutPairs } from "../scenario/steady-only.ts";
import { usesRealtime } from "../scenario/to-load-plan.ts";
import type { Service } from "../service/read-service-file.ts";
import { describeHost, sourceCommit } from "./describe-host.ts";
import { type LoadEngine, nativeEngine } from "./engine/load-engine.ts";
import type { Earlier } from "./results/rebuild-report.ts";
import { type ResultsFolder, writeInto } from "./results/results-folder.ts";
import { discardedRun, planRuns, remainingRuns, withTries } from "./plan-runs.ts";
import {
  failedRun,
  type MeasuredRun,
  nemesisSettings,
  runSingle,
  type RunListener,
} from "./run-single.ts";
import type { RealtimeSetUp, RunSpec } from "./run-spec.ts";
import { inOrderOf, judgeAll, summaryScenario, toSummary } from "./results/make-summary.ts";
import { createWorkFolder } from "./results/work-folder.ts";

export interface ComparisonListener extends RunListener {
  /** A short run begins whose result is discarded. */
  discardedStarted?: (spec: RunSpec) => void;
  runStarted?: (spec: RunSpec, number: number, of: number) => void;
  runJudged?: (result: RunResult) => void;
  /** Before the first run, and after each: all that is known. The next run waits for it. */
  measured?: (known: {
    summary: Summary;
    manifest: Manifest;
    series: readonly RunSeries[];
  }) => Promise<void>;
}

export interface ComparisonRequest {
  scenario: Scenario;
  platform: Platform;
  /** Default: the native engine. */
  engine?: LoadEngine;
  /** Undefined: the platform starts a Realtime if the topology needs one. */
  hosted?: HostedRealtime | undefined;
  /** Runs in the place of the lab's own server. */
  service?: Service | undefined;
  /** No session of the service is followed before the load. */
  skipCheck?: boolean | undefined;
  results: ResultsFolder;
  /** Pairs of topology and bounce that are left out. */
  skipped?: readonly SkippedPair[];
  /** What the folder holds of this comparison already. */
  earlier?: Earlier | undefined;
  /** The command as typed. */
  commandLine: string[];
  listener: ComparisonListener;
  signal: AbortSignal;
}

/**
 * Runs the comparison. Each run's history is on disk before it is judged, and the report is
 * rewritten after each run. So `sse-lab report` can judge what an interrupted comparison has
 * measured. A run that cannot be carried out is `unknown`, with the error as its reason; it is not
 * tried again.
 *
 * @throws what the platform or the engine threw in the first run, or the abort reason
 */
export async function runComparison(request: ComparisonRequest): Promise<Summary> {
  const { results, listener, signal, scenario, platform } = request;
  const bounceSeconds: BounceSeconds = (kind, replicas) => platform.bounceSeconds(kind, replicas);
  const { earlier } = request;
  const planned = planRuns(
    scenario,
    bounceSeconds,
    await realtimeSetUp(request),
    request.engine,
    request.service,
  );
  const manifest = earlier?.manifest ?? (await describeManifest(request, planned));
  const runs: RunResult[] = (earlier?.runs ?? []).map(({ result }) => result);
  const remaining = remainingRuns(planned, request.skipped, runs);
  const specs = request.skipCheck ? remaining : withTries(remaining);
  const series: RunSeries[] = (earlier?.runs ?? []).flatMap((run) => run.series ?? []);
  const tell = async (summary: Summary): Promise<void> =>
    listener.measured?.({ summary, manifest, series: inOrderOf(summary, series) });
  await tell(toSummary(manifest, runs));
  await warmUp(discardedRun(specs), request);
  for (const [index, spec] of specs.entries()) {
    signal.throwIfAborted();
    listener.runStarted?.(spec, index + 1, specs.length);
    const workDir = await createWorkFolder("run");
    try {
      const measured = await runSingle(spec, platform, workDir, listener, signal).catch(
        (error: unknown) => {
          // If nothing ever worked, the set-up is wrong. A later failure must not cost other runs.
          if (signal.aborted || runs.length === 0) throw error;
          return failedRun(spec, error);
        },
      );
      Object.assign(manifest.versions, measured.versions);
      listener.step?.("judging");
      await writeInto(results.path, () =>
        appendRun(results.historyPath, measured.run, measured.segments),
      );
      const judged = await judgeAll(observationsOf(measured));
      for (const { result, series: one } of judged) {
        runs.push(result);
        if (one !== null) series.push(one);
        listener.runJudged?.(result);
      }
      await tell(await write(results.path, manifest, runs));
    } finally {
      if (runs.length === 0) await results.close();
      await rm(workDir, { recursive: true, force: true });
    }
  }
  manifest.finishedAt = new Date().toISOString();
  const summary = await write(results.path, manifest, runs);
  await writeInto(results.path, () =>
    writePage(results.path, summary, manifest, inOrderOf(summary, series)),
  );
  await results.publish();
  return summary;
}

/**
 * The first run finds the host's caches cold, so a short one goes before it.
 * @throws what the platform or the engine threw
 */
async function warmUp(
  spec: RunSpec | undefined,
  { platform, listener, signal }: ComparisonRequest,
): Promise<void> {
  if (spec === undefined) return;
  listener.discardedStarted?.(spec);
  const workDir = await createWorkFolder("run");
  try {
    await runSingle(spec, platform, workDir, listener, signal);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function write(
  dir: string,
  manifest: Manifest,
  runs: readonly RunResult[],
): Promise<Summary> {
  const summary = toSummary(manifest, runs);
  await writeInto(dir, async () => {
    await writeManifest(dir, manifest);
    await writeResults(dir, summary, manifest);
  });
  return summary;
}

/** The observations of one run in the order of the history, without those of earlier runs. */
export async function* observationsOf({
  run,
  segments,
}: MeasuredRun): AsyncGenerator<Observation[]> {
  yield [run];
  for (const segment of segments) yield* readHistory(segment);
}

/** Bundles the page before the first run, so that no bundler disturbs a run. */
async function realtimeSetUp({
  scenario,
  hosted,
}: ComparisonRequest): Promise<RealtimeSetUp | undefined> {
  if (!selectTopologies(scenario).some(usesRealtime)) return undefined;
  return { settings: realtimeSettings(scenario, hosted), frontEnd: await measureFrontEnd() };
}

/** The lab's settings of its own server do not reach a service of the user. */
function settingsOf({
  scenario,
  platform,
  service,
}: ComparisonRequest): Manifest["serverSettings"] {
  const { stopGraceMs, bounces } = nemesisSettings(scenario);
  const own = { stopGraceMs, ...bounces };
  if (service) return { service: service.name, ...own };
  return { ...platform.settings, ...streamSettings(scenario), ...own };
}

async function describeManifest(
  request: ComparisonRequest,
  specs: readonly RunSpec[],
): Promise<Manifest> {
  const { scenario, engine = nativeEngine } = request;
  const skipped = request.skipped ?? leftOutPairs(scenario);
  return {
    schemaVersion: 1,
    startedAt: new Date().toISOString(),
    finishedAt: null,
    commandLine: request.commandLine,
    commit: await sourceCommit(),
    versions: { lab: await labVersion(), node: process.versions.node, ...engine.versions },
    platform: request.platform.name,
    engine: engine.name,
    engineStandIn: engine.standIn,
    client: scenario.client,
    seed: scenario.seed,
    host: describeHost(),
    scenario: {
      ...summaryScenario(scenario, Math.max(...specs.map(({ durationS }) => durationS))),
      ...(skipped.length === 0 && request.skipped === undefined ? {} : { skipped: [...skipped] }),
    },
    serverSettings: settingsOf(request),
  };
}
