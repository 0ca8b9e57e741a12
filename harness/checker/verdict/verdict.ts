import { findingsOf, type Evidence, type Finding } from "./evidence.ts";
import { INVALID_RULES } from "./invalid-rules.ts";
import { REMARKS } from "./remarks.ts";
import type { Verdict } from "../run-result.ts";
import { UNKNOWN_RULES } from "./unknown-rules.ts";

export interface VerdictFindings {
  verdict: Verdict;
  /** By weight: what makes it unknown, what breaks the promise, what else there is to know. */
  findings: Finding[];
}

/** `unknown` outweighs `invalid`: a run that cannot be trusted has not proved a broken promise either. */
export function decideVerdict(evidence: Evidence): VerdictFindings {
  const unknown = findingsOf(UNKNOWN_RULES, evidence);
  const invalid = findingsOf(INVALID_RULES, evidence);
  const verdict = unknown.length > 0 ? "unknown" : invalid.length > 0 ? "invalid" : "valid";
  return { verdict, findings: [...unknown, ...invalid, ...findingsOf(REMARKS, evidence)] };
}
