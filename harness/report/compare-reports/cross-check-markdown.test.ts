import { describe, expect, it } from "vitest";
import { CROSS_KINDS, type CrossFinding } from "../../checker/compare-engines/cross-finding.ts";
import { findingSentence, renderCrossCheck } from "./cross-check-markdown.ts";

const NAMES = { A: "native", B: "k6" };
const finding = (change: Partial<CrossFinding>): CrossFinding => ({
  topology: "phase1",
  bounce: "crash",
  kind: "due",
  side: "B",
  detail: null,
  outcomes: null,
  count: 7,
  inSessions: 1,
  sessions: ["s1"],
  ...change,
});

const SAYS: Record<CrossFinding["kind"], [Partial<CrossFinding>, string]> = {
  due: [{}, "7 pairs are due only with k6, so the engines did not run the same plan (s1)."],
  "beyond-plan": [{ count: 1 }, "1 more pair beyond the plan with k6 than with native (s1)."],
  outcome: [
    { side: null, outcomes: { a: "delivered", b: "neverPublished" } },
    "7 pairs are delivered with native and never published with k6 (s1).",
  ],
  share: [
    { detail: "lost", count: 2, inSessions: 6, sessions: ["s1", "s2"] },
    "events lost: more with k6 than with native, beyond chance and bounce duration, in 2 " +
      "runs (s1, s2 and 4 more).",
  ],
  "never-ended": [{ count: 1 }, "1 session never ended with k6 but did with native (s1)."],
  duplicated: [{}, "7 more duplicates arrived with k6 than with native (s1)."],
  connections: [
    { count: 1 },
    "1 session has more streams with k6 than with native in steady state (s1).",
  ],
  "no-last-event-id": [
    { side: "A" },
    "native sent no Last-Event-ID: it opened 7 streams as if it had received no event before " +
      "(s1).",
  ],
  stray: [
    { detail: "ping", count: 1 },
    'k6 read 1 event named "ping" that belongs to no pipeline run: comments read as events, ' +
      "or unknown events (s1).",
  ],
  clock: [
    { detail: "contradictory", count: 1, inSessions: 0, sessions: [] },
    "k6 got contradictory readings of the instances' clocks in 1 run.",
  ],
};

describe("a finding of the cross-check", () => {
  it.each(CROSS_KINDS)("names engine, figure and sessions: %s", (kind) => {
    const [change, sentence] = SAYS[kind];
    expect(findingSentence(finding({ kind, ...change }), NAMES)).toBe(`phase1, crash: ${sentence}`);
  });

  it("names both engines if both have it", () => {
    expect(findingSentence(finding({ kind: "no-last-event-id", side: null }), NAMES)).toContain(
      "both engines sent no Last-Event-ID",
    );
  });
});

it("shows the shares of runs that chance or a bounce decides, and how far they may differ", () => {
  const share = { share: "lost", a: 0.05, b: 0.06, seen: 0.125 } as const;
  const rendered = (a: number): string =>
    renderCrossCheck(
      {
        agreement: "agree",
        findings: [],
        shared: [finding({ kind: "stray", side: null, detail: "a|b" })],
        compared: [
          { topology: "phase1", bounce: "crash", runs: { a, b: 3 }, pairs: null, shares: [share] },
        ],
        notCompared: [],
      },
      { A: { engine: "native", path: "a" }, B: { engine: "k6", path: "b" } },
    );
  const text = rendered(2);
  expect(text).toMatch(
    /phase1 +\| crash +\| +2, 3 \| events lost \| +5.00 % \| +6.00 % \| +12.5 %/,
  );
  expect(text).not.toContain("a single run");
  expect(rendered(1)).toContain("If a side has a single run");
  expect(text).toContain("**Wrong on both sides alike, so no difference**");
});
