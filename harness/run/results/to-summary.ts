import type { RunResult } from "../../checker/run-result.ts";
import type { Manifest } from "../../report/summary/manifest.ts";
import type { Summary } from "../../report/summary/summary.ts";

/** `summary.json` of the runs so far. Made from the manifest and the judged runs alone, so that it can be rebuilt offline. */
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
