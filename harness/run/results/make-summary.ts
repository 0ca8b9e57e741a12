/** From a history to `summary.json`. */
import { judgeHistory } from "../../checker/judge-history.ts";
import type { RunResult } from "../../checker/run-result.ts";
import type { Observation } from "../../history/observation.ts";
import type { Manifest } from "../../report/summary/manifest.ts";
import type { Summary } from "../../report/summary/summary.ts";
import type { Scenario } from "../../scenario/scenario.ts";

/** Judges all runs of a history, in its order. */
export async function judgeAll(observations: AsyncIterable<Observation[]>): Promise<RunResult[]> {
  const results: RunResult[] = [];
  for await (const result of judgeHistory(observations)) results.push(result);
  return results;
}

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
  runs: [...runs],
});

/** The scenario as summary and manifest state it, with units in its names. */
export const summaryScenario = (scenario: Scenario): Summary["scenario"] => ({
  topologies: scenario.topologies,
  bounces: scenario.bounces,
  repeat: scenario.repeat,
  sessions: scenario.sessions,
  eventsPerSecond: scenario.rate,
  durationS: scenario.duration,
  rampS: scenario.ramp,
  drainS: scenario.drain,
  gates: scenario.gates,
  payloadBytes: scenario.payloadBytes,
  replicas: scenario.replicas ?? null,
  redis: scenario.redis,
  graceS: scenario.grace,
  catchUp: scenario.catchUp,
  realtimePlan: scenario.realtimePlan,
  realtimePublish: scenario.realtimePublish,
  overQuota: scenario.overQuota,
});
