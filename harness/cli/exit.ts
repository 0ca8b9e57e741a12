/** Exit codes of every command. */
import { missingRuns } from "../report/summary/missing-runs.ts";
import type { Summary } from "../report/summary/summary.ts";

export const EXIT = { valid: 0, invalid: 1, unknown: 2, interrupted: 130 } as const;

/** 2 if a run is unknown or missing, or no run exists; else 1 if one is invalid; else 0. */
export function exitCodeOf(summary: Summary): number {
  const verdicts = summary.runs.map((run) => run.verdict);
  if (verdicts.length === 0 || verdicts.includes("unknown") || missingRuns(summary).length > 0)
    return EXIT.unknown;
  return verdicts.includes("invalid") ? EXIT.invalid : EXIT.valid;
}
