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

  it("calls a loss worse if chance does not explain it, and says what it would see", () => {
    const before = summaryOf(...repeats(10, 140, 120, 200));
    expect(compareSummaries(before, summaryOf(...repeats(130, 30, 180, 150))).regressions).toEqual(
      [],
    );
    const { matched, regressions } = compareSummaries(
      before,
      summaryOf(...repeats(900, 1000, 1100, 950)),
    );
    expect(regressions).toEqual([
      expect.stringMatching(
        /^phase9, steady state: lost of published got worse \(a change below .* would not be seen\)\.$/,
      ),
    ]);
    expect(matched[0]!.figures[0]!.change.change).toBeCloseTo(870 / 12_000);
  });

  it("judges single runs over their sessions, and leaves their latency unjudged", () => {
    const { matched, regressions } = compareSummaries(
      summaryOf({ latencyMs: latency(5) }),
      summaryOf({ latencyMs: latency(10), lostByCause: { unexplained: 6000 } }),
    );
    expect(regressions.join()).toContain("lost of published got worse");
    expect(matched[0]!.figures[1]).toMatchObject({
      figure: "p99 latency",
      change: { byRatio: true, interval: null },
      judgement: "not judged",
      how: "fewer than 4 repeats on a side",
    });
  });

  it("judges latency by four repeats", () => {
    const runs = (...p99s: number[]) =>
      summaryOf(...p99s.map((p99, i) => ({ repeat: i + 1, latencyMs: latency(p99) })));
    const [fast, slow] = [runs(5, 6, 5, 5.5), runs(17, 18, 17, 16)];
    expect(compareSummaries(fast, slow).regressions[0]).toContain("p99 latency got worse");
    expect(compareSummaries(slow, fast).matched[0]!.figures[1]!.judgement).toBe("better");
  });

  it("counts the runs that figures leave out", () => {
    const summary = summaryOf({}, { repeat: 2, verdict: "unknown" }, { repeat: 3 });
    const { matched } = compareSummaries(summary, summary);
    expect(matched[0]!.runs).toEqual({
      a: { measured: 2, made: 3 },
      b: { measured: 2, made: 3 },
    });
    expect(renderComparisonMarkdown(compareSummaries(summary, summary))).toContain(
      "| 2 of 3, 2 of 3 |",
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
  it("shows both figures, the signed change with its interval and how it was judged", () => {
    const text = renderComparisonMarkdown(
      compareSummaries(
        summaryOf({ latencyMs: latency(5), bounce: "crash", stuckStreams: 90 }),
        summaryOf({ latencyMs: latency(10), bounce: "crash", stuckStreams: 30 }),
      ),
    );
    expect(text).toMatch(
      /\| stuck streams +\| +45.0 % \[.*\] \| +15.0 % \[.*\] \| +-30.0 % \[-.*\] \| better: a change/,
    );
    expect(text).toMatch(/\| p99 latency +\| +5.0 ms \| +10.0 ms \| +x 2.00 \| not judged/);
    expect(text).toContain("**No change for the worse was seen.**");
  });

  it("says that nothing could be judged", () => {
    const [a, b] = [summaryOf({ verdict: "unknown" }), summaryOf({})];
    expect(renderComparisonMarkdown(compareSummaries(a, b))).toContain(
      "**Nothing could be judged.",
    );
  });

  it("renders any two summaries", () => {
    fc.assert(
      fc.property(anySummary, anySummary, (a, b) => {
        expect(renderComparisonMarkdown(compareSummaries(a, b))).not.toMatch(/undefined|NaN|<b>/);
      }),
    );
  });
});
