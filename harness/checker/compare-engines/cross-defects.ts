/** What is wrong with an engine by its own history, whatever the other one did. */
import type { CrossFinding } from "./cross-finding.ts";
import type { CrossRun, Tallied } from "./cross-run.ts";
import { CLOCK_TOLERANCE_MS } from "../thresholds.ts";

export interface Defect {
  what: Pick<CrossFinding, "kind" | "detail">;
  tallied: Tallied;
}

/** Each defect of each run; a count of 0 where it is not there. */
export function defectsOf(runs: readonly CrossRun[]): Defect[] {
  return runs.flatMap(({ forgetful, strays, clockErrorMs }) => {
    const trouble = clockTrouble(clockErrorMs);
    return [
      { what: { kind: "no-last-event-id", detail: null }, tallied: forgetful },
      ...[...strays].map(([detail, tallied]): Defect => ({ what: { kind: "stray", detail }, tallied })),
      {
        what: { kind: "clock", detail: trouble },
        tallied: { count: Number(trouble !== null), sessions: [] },
      },
    ] satisfies Defect[];
  });
}

function clockTrouble(errorMs: CrossRun["clockErrorMs"]): "contradictory" | "too far" | null {
  if (errorMs === null) return "contradictory";
  return errorMs !== undefined && errorMs > CLOCK_TOLERANCE_MS ? "too far" : null;
}
