/** Two runs of one plan, session by session and pair by pair. */
import type { CrossFindings, Side } from "./cross-finding.ts";
import type { CrossRun, CrossSession } from "./cross-run.ts";

/** Of a session that a side does not have. */
const NOBODY: CrossSession = { outcomes: [], beyond: 0, duplicated: 0, connections: 0, ended: true };

/**
 * Planned pairs that are due on one side only. They are the plan's, whatever became of the run, so the sets are equal or the engines
 * did not drive the same plan.
 */
export function compareDue(a: CrossRun, b: CrossRun, findings: CrossFindings): void {
  eachSession(a, b, (session, ofA, ofB) => {
    const more = ofA.outcomes.length - ofB.outcomes.length;
    tell(findings, "due", more, session);
  });
}

/** Streams of a run with nothing disturbed: their number is neither chance nor the topology's. */
export function compareConnections(a: CrossRun, b: CrossRun, findings: CrossFindings): void {
  eachSession(a, b, (session, ofA, ofB) => {
    tell(findings, "connections", Math.sign(ofA.connections - ofB.connections), session);
  });
}

/**
 * Everything else that is the same in two undisturbed runs, unless the topology routes by chance. A pair of which a side does
 * not know the outcome is no difference.
 * @returns how many pairs were set beside each other
 */
export function compareOutcomes(a: CrossRun, b: CrossRun, findings: CrossFindings): number {
  let compared = 0;
  eachSession(a, b, (session, ofA, ofB) => {
    const both = Math.min(ofA.outcomes.length, ofB.outcomes.length);
    compared += both;
    for (let index = 0; index < both; index++) {
      const outcomes = { a: ofA.outcomes[index], b: ofB.outcomes[index] };
      if (outcomes.a === outcomes.b || outcomes.a === undefined || outcomes.b === undefined) continue;
      if (outcomes.a === "indeterminate" || outcomes.b === "indeterminate") continue;
      const what = { a: outcomes.a, b: outcomes.b };
      findings.add({ kind: "outcome", side: null, outcomes: what }, { count: 1, sessions: [session] });
    }
    tell(findings, "beyond-plan", ofA.beyond - ofB.beyond, session);
    tell(findings, "never-ended", Number(!ofA.ended) - Number(!ofB.ended), session);
    tell(findings, "duplicated", ofA.duplicated - ofB.duplicated, session);
  });
  return compared;
}

/** @param more of A than of B */
function tell(
  findings: CrossFindings,
  kind: "due" | "connections" | "beyond-plan" | "never-ended" | "duplicated",
  more: number,
  session: string,
): void {
  const side: Side = more > 0 ? "A" : "B";
  findings.add({ kind, side }, { count: Math.abs(more), sessions: [session] });
}

function eachSession(
  a: CrossRun,
  b: CrossRun,
  visit: (session: string, ofA: CrossSession, ofB: CrossSession) => void,
): void {
  for (const session of new Set([...a.sessions.keys(), ...b.sessions.keys()]))
    visit(session, a.sessions.get(session) ?? NOBODY, b.sessions.get(session) ?? NOBODY);
}
