import type { RunResult } from "../checker/run-result.ts";
import type { Manifest } from "../report/manifest.ts";
import type { Summary } from "../report/summary.ts";

/** `summary.json` of the runs so far. Made from the manifest and the judged runs alone, so that it can be rebuilt offline. */
export const toSummary = (manifest: Manifest, runs: readonly RunResult[]): Summary => ({
  schemaVersion: 1,
  startedAt: manifest.startedAt,
  // An interrupted comparison never finished; its start is the only time that a rebuild finds again.
  finishedAt: manifest.finishedAt ?? manifest.startedAt,
  platform: manifest.platform,
  engine: manifest.engine,
  client: manifest.client,
  seed: manifest.seed,
  host: manifest.host,
  scenario: manifest.scenario,
  runs: [...runs],
});
