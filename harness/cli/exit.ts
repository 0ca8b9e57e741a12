/** Exit codes of every command (design: section 6), and the one way to fail with a message. */
import { missingRuns } from "../report/summary/missing-runs.ts";
import type { Summary } from "../report/summary/summary.ts";

export const EXIT = { valid: 0, invalid: 1, unknown: 2, interrupted: 130 } as const;

/** 2 when any run is unknown or missing, or there is none; else 1 when any is invalid, else 0. */
export function exitCodeOf(summary: Summary): number {
  const verdicts = summary.runs.map((run) => run.verdict);
  if (verdicts.length === 0 || verdicts.includes("unknown") || missingRuns(summary).length > 0)
    return EXIT.unknown;
  return verdicts.includes("invalid") ? EXIT.invalid : EXIT.valid;
}
