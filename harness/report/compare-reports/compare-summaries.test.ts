import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderComparisonMarkdown } from "./compare-markdown.ts";
import { compareSummaries } from "./compare-summaries.ts";
import { anySummary } from "../any-summary.ts";
import { type RunParts, makeRealtime, makeRun, makeSummary } from "../test-support.ts";

const summaryOf = (...runs: RunParts[]) => makeSummary(runs.map(makeRun));
const repeats = (...losses: number[]): RunParts[] =>
  losses.map((unexplained, i) => ({ repeat: i + 1, lostByCause: { unexplained } }));
const latency = (p99: number) => ({ p50: 1, p90: 2, p99, p999: 90, max: 99 });

describe("compareSummaries", () => {
  it("finds nothing worse in a summary compared with itself", () => {
    fc.assert(
      fc.property(anySummary, (summary) => {
        const comparison = compareSummaries(summary, summary);
        const ofDifferences = comparison.warnings.filter(
          (warning) => !/^[AB] is incomplete: |served as Supabase Realtime in/.test(warning),
        );
        expect([ofDifferences, comparison.regressions]).toEqual([[], []]);
        expect(
          comparison.matched.flatMap((pair) => pair.figures).map((change) => change.judgement),
        ).not.toContain("better");
      }),
    );
  });

  it("allows different Realtime set-ups, and names the implementations", () => {
    const withRealtime = (part: string, standIn: boolean, catchUp: boolean) => {
      const summary = summaryOf({ realtime: makeRealtime({ part, standIn, catchUp }) });
      return { ...summary, scenario: { ...summary.scenario, catchUp } };
    };
    const [a, b] = [
      withRealtime("lab-standin", true, false),
      withRealtime("lab-standin", true, true),
    ];
    const comparison = compareSummaries(a, b);
    expect(comparison.warnings).toEqual([
      "scenario.catchUp is false in A and true in B. This affects only topologies with Realtime.",
      "lab-standin served as Supabase Realtime in phase9. Losses and their causes are valid; " +
        "its latency and costs say nothing about Supabase.",
    ]);
    expect(renderComparisonMarkdown(comparison)).toContain(
      "| phase9 (lab-standin) | steady state |",
    );
    const { warnings, matched } = compareSummaries(a, withRealtime("realtime", false, false));
    expect(warnings[0]).toContain("A used lab-standin as Realtime and B used realtime");
    expect(matched[0]?.label).toBe("phase9");
  });

  it("calls a loss worse only outside the spread of the repeats", () => {
    const before = summaryOf(...repeats(10, 14, 12));
    expect(compareSummaries(before, summaryOf(...repeats(13, 90, 80))).regressions).toEqual([]);
    const { matched, regressions } = compareSummaries(before, summaryOf(...repeats(15, 16, 17)));
    expect(regressions).toEqual([
      "phase9, steady state: lost got worse (outside the spread of 3 and 3 repeats).",
      "phase9, steady state: missed got worse (outside the spread of 3 and 3 repeats).",
    ]);
    expect(matched[0]!.figures[0]!.change).toBeCloseTo(4 / 12_000);
  });

  it("judges single runs over their sessions, and leaves their latency unjudged", () => {
    const { matched, regressions } = compareSummaries(
      summaryOf({ latencyMs: latency(5), stuckStreams: 2 }),
      summaryOf({ latencyMs: latency(10), stuckStreams: 4, lostByCause: { unexplained: 6000 } }),
    );
    expect(regressions.join()).toContain("lost got worse (beyond 4 binomial standard errors");
    const byName = Object.fromEntries(matched[0]!.figures.map((change) => [change.figure, change]));
    expect(byName["p99 latency"]).toMatchObject({ change: 2, judgement: "not judged" });
    expect(byName["stuck streams"]).toMatchObject({ change: 2, judgement: "same" });
  });

  it("judges latency by the spread of repeats", () => {
    const runs = (...p99s: number[]) =>
      summaryOf(...p99s.map((p99, i) => ({ repeat: i + 1, latencyMs: latency(p99) })));
    expect(compareSummaries(runs(5, 6), runs(7, 8)).regressions[0]).toContain(
      "p99 latency got worse",
    );
    expect(compareSummaries(runs(7, 8), runs(5, 6)).matched[0]!.figures[3]!.judgement).toBe(
      "better",
    );
  });

  it("reports a verdict that turned invalid, and does not judge an unknown one", () => {
    const change = (a: RunParts["verdict"] & string, b: RunParts["verdict"] & string) =>
      compareSummaries(summaryOf({ verdict: a }), summaryOf({ verdict: b }));
    expect(change("valid", "invalid").regressions).toEqual([
      "phase9, steady state: the verdict went from valid to invalid.",
    ]);
    expect(change("invalid", "valid").matched[0]!.verdict.judgement).toBe("better");
    const unknown = change("valid", "unknown");
    expect(unknown.regressions).toEqual([]);
    expect(new Set(unknown.matched[0]!.figures.map((figure) => figure.judgement))).toEqual(
      new Set(["not judged"]),
    );
  });

  it("warns of every field that differs, and still compares", () => {
    const a = summaryOf({});
    const b = {
      ...a,
      seed: 7,
      platform: "docker",
      host: { ...a.host, cpus: 64 },
      scenario: { ...a.scenario, eventsPerSecond: 9, repeat: 3 },
    };
    const { warnings, matched } = compareSummaries(a, b);
    expect(warnings).toEqual([
      "B is incomplete: it was interrupted after 1 of 3 runs.",
      'not comparable: platform is "local" in A and "docker" in B.',
      "not comparable: seed is 42 in A and 7 in B.",
      "not comparable: scenario.eventsPerSecond is 5 in A and 9 in B.",
      "the hosts differ: compare losses, not latencies or reconnect times.",
    ]);
    expect(matched).toHaveLength(1);
  });

  it("lists the runs that only one side has", () => {
    const comparison = compareSummaries(
      summaryOf({ topology: "x" }),
      summaryOf({ bounce: "crash" }),
    );
    expect([comparison.onlyInA, comparison.onlyInB, comparison.matched]).toEqual([
      ["x, steady state"],
      ["phase9, crash"],
      [],
    ]);
    expect(renderComparisonMarkdown(comparison)).toContain("**A and B have no run in common.**");
  });
});

describe("the rendered comparison", () => {
  it("shows both figures, the signed change and how it was judged", () => {
    const text = renderComparisonMarkdown(
      compareSummaries(
        summaryOf({ latencyMs: latency(5), stuckStreams: 9 }),
        summaryOf({ latencyMs: latency(10), stuckStreams: 4, lostByCause: { unexplained: 6000 } }),
      ),
    );
    expect(text).toMatch(/\| lost +\| +0 % \| +50.0 % \| \+50.0 % \| worse: beyond 4 binomial/);
    expect(text).toMatch(/\| stuck streams +\| +9 \| +4 \| +-5 \| same/);
    expect(text).toMatch(/\| p99 latency +\| +5.0 ms \| +10.0 ms \| +x 2.00 \| not judged/);
  });

  it("renders any two summaries", () => {
    fc.assert(
      fc.property(anySummary, anySummary, (a, b) => {
        expect(renderComparisonMarkdown(compareSummaries(a, b))).not.toMatch(/undefined|NaN|<b>/);
      }),
    );
  });
});
