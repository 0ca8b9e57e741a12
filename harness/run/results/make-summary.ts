/** From a history to `summary.json`. */
import { judgeWithSeries } from "../../checker/judge-history.ts";
import type { JudgedRun } from "../../checker/judge-run.ts";
import type { RunResult } from "../../checker/run-result.ts";
import type { RunSeries } from "../../checker/run-series.ts";
import type { Observation } from "../../history/observation.ts";
import type { Manifest } from "../../report/summary/manifest.ts";
import type { Summary } from "../../report/summary/summary.ts";
import type { Scenario } from "../../scenario/scenario.ts";

/** Judges all runs of a history, in its order. */
export async function judgeAll(observations: AsyncIterable<Observation[]>): Promise<JudgedRun[]> {
  const judged: JudgedRun[] = [];
  for await (const run of judgeWithSeries(observations)) judged.push(run);
  return judged;
}

/** Series in the order of the summary's runs: the order of a history is random. */
export const inOrderOf = ({ runs }: Summary, series: readonly RunSeries[]): RunSeries[] =>
  runs.flatMap((run) =>
    series.filter(
      ({ topology, bounce, repeat }) =>
        topology === run.topology && bounce === run.bounce && repeat === run.repeat,
    ),
  );

/**
 * `summary.json` of the runs so far. Manifest and judged runs suffice, so it can be rebuilt
 * offline.
 */
export const toSummary = (manifest: Manifest, runs: readonly RunResult[]): Summary => ({
  schemaVersion: 1,
  startedAt: manifest.startedAt,
  finishedAt: manifest.finishedAt,
  platform: manifest.platform,
  engine: manifest.engine,
  engineStandIn: manifest.engineStandIn,
  client: manifest.client,
  seed: manifest.seed,
  host: manifest.host,
  scenario: manifest.scenario,
  runs: inScenarioOrder(runs, manifest.scenario),
});

/** Runs are made in a random order, but shown in that of the scenario. */
function inScenarioOrder(
  runs: readonly RunResult[],
  { topologies, bounces }: Summary["scenario"],
): RunResult[] {
  const place = (run: RunResult): number =>
    topologies.indexOf(run.topology) * bounces.length + bounces.indexOf(run.bounce);
  return [...runs].sort((a, b) => a.repeat - b.repeat || place(a) - place(b));
}

/**
 * The scenario as summary and manifest state it, with units in its names.
 * @param durationS length of the longest load, seconds
 */
export const summaryScenario = (
  scenario: Scenario,
  durationS: number,
): Summary["scenario"] => ({
  topologies: scenario.topologies,
  bounces: scenario.bounces,
  repeat: scenario.repeat,
  sessions: scenario.sessions,
  eventsPerSecond: scenario.rate,
  arrival: scenario.arrival,
  durationS,
  ...(scenario.arrival === "ramp"
    ? {}
    : { pipelineS: scenario.pipeline, warmUpS: scenario.warmUp }),
  rampS: scenario.ramp,
  drainS: scenario.drain,
  gates: scenario.gates,
  payloadBytes: scenario.payloadBytes,
  replicas: scenario.replicas ?? null,
  redis: scenario.redis,
  graceS: scenario.grace,
  jitter: scenario.jitter,
  retryMs: scenario.retryMs,
  heartbeatS: scenario.heartbeat,
  leaseMs: scenario.leaseMs,
  ...(Object.keys(scenario.bounceSettings).length === 0
    ? {}
    : { bounceSettings: scenario.bounceSettings }),
  catchUp: scenario.catchUp,
  realtimePlan: scenario.realtimePlan,
  realtimePublish: scenario.realtimePublish,
  overQuota: scenario.overQuota,
});
