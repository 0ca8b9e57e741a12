/** A statement of the strategy, what tests it, and the verdict that its figures give. */
import type { Summary } from "../report/summary/summary.ts";
import type { Facts } from "./facts.ts";

export type ClaimVerdict = "confirmed" | "refuted" | "qualified" | "not tested";

/** What figures are taken from, best first. */
export interface Evidence {
  results: readonly { path: string; summary: Summary }[];
  facts: Facts;
}

/** A figure with its 95 %. */
export interface Reading {
  value: number;
  low: number;
  high: number;
  /** Written out, with its interval. */
  shown: string;
  /** The result that it is of. Null for facts about the code. */
  source: string | null;
}

export interface Check {
  /** `events lost in phase1, steady state`. */
  what: string;
  is: "at least" | "at most";
  limit: number;
  format: (value: number) => string;
  read: (evidence: Evidence) => Reading | Missing;
}

/** Why there is no figure, for the inside of a sentence. */
export interface Missing {
  missing: string;
}

interface Statement {
  id: string;
  /** Word by word from the strategy. */
  quote: string;
  /** The heading that it stands under. */
  place: string;
}

export type Claim = Statement &
  (
    | {
        /** One that does not hold refutes the statement. */
        checks: readonly [Check, ...Check[]];
        /** One that does not hold qualifies it. */
        caveats?: readonly Check[];
      }
    | { untestable: string }
  );

export interface JudgedCheck {
  check: Check;
  reading: Reading | Missing;
  /** `open`: the interval includes the limit. */
  state: "holds" | "broken" | "open" | "missing";
}

export interface JudgedClaim {
  claim: Claim;
  verdict: ClaimVerdict;
  checks: readonly JudgedCheck[];
  caveats: readonly JudgedCheck[];
  /** Why it is not tested. Null if it is. */
  why: string | null;
}

export const judgeClaims = (claims: readonly Claim[], evidence: Evidence): JudgedClaim[] =>
  claims.map((claim) => judgeClaim(claim, evidence));

export function judgeClaim(claim: Claim, evidence: Evidence): JudgedClaim {
  if ("untestable" in claim)
    return { claim, verdict: "not tested", checks: [], caveats: [], why: claim.untestable };
  const judge = (check: Check): JudgedCheck => judgeCheck(check, evidence);
  const checks = claim.checks.map(judge);
  const caveats = (claim.caveats ?? []).map(judge);
  const has = (among: readonly JudgedCheck[], state: JudgedCheck["state"]): boolean =>
    among.some((one) => one.state === state);
  const verdict = has(checks, "broken")
    ? "refuted"
    : has(checks, "missing") || has(checks, "open")
      ? "not tested"
      : has(caveats, "broken")
        ? "qualified"
        : "confirmed";
  return { claim, verdict, checks, caveats, why: verdict === "not tested" ? whyNot(checks) : null };
}

function judgeCheck(check: Check, evidence: Evidence): JudgedCheck {
  const reading = check.read(evidence);
  if ("missing" in reading) return { check, reading, state: "missing" };
  const { low, high } = reading;
  const [worst, best] = check.is === "at least" ? [low, high] : [-high, -low];
  const limit = check.is === "at least" ? check.limit : -check.limit;
  return { check, reading, state: worst >= limit ? "holds" : best < limit ? "broken" : "open" };
}

const whyNot = (checks: readonly JudgedCheck[]): string => {
  const reasons = checks
    .filter(({ state }) => state === "missing" || state === "open")
    .map(({ check, reading }) =>
      "missing" in reading
        ? reading.missing
        : `${check.what}: the interval includes ${check.format(check.limit)}, so more repeats ` +
          "are needed",
    );
  return [...new Set(reasons)].join("; ");
};
