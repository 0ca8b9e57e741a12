import { describe, expect, it } from "vitest";
import { interruption, missingRuns, missingSentence } from "./missing-runs.ts";
import { makeRun, makeSummary } from "../test-support.ts";

const planned = (topologies: string[], bounces: ("none" | "crash")[], repeat: number) => ({
  ...makeSummary([]).scenario,
  topologies,
  bounces,
  repeat,
});

describe("missing runs", () => {
  it("are the planned runs without a result, in planned order", () => {
    const scenario = planned(["x", "y"], ["none", "crash"], 2);
    const runs = [
      makeRun({ topology: "x" }),
      makeRun({ topology: "x", bounce: "crash", verdict: "unknown" }),
      makeRun({ topology: "y", bounce: "crash" }),
      makeRun({ topology: "y", repeat: 2 }),
    ];
    expect(missingRuns(makeSummary(runs, { scenario }))).toEqual([
      { topology: "y", bounce: "none", repeat: 1 },
      { topology: "x", bounce: "none", repeat: 2 },
      { topology: "x", bounce: "crash", repeat: 2 },
      { topology: "y", bounce: "crash", repeat: 2 },
    ]);
  });

  it("do not count pairs that were left out on purpose", () => {
    const why = "y does not use Redis";
    const skipped = [{ topology: "y", bounce: "crash" as const, why }];
    const scenario = { ...planned(["x", "y"], ["none", "crash"], 1), skipped };
    const runs = [makeRun({ topology: "x" }), makeRun({ topology: "y" })];
    expect(missingRuns(makeSummary(runs, { scenario }))).toEqual([
      { topology: "x", bounce: "crash", repeat: 1 },
    ]);
  });

  it("are empty after a completed plan, even without a recorded end", () => {
    const summary = makeSummary([makeRun(), makeRun({ repeat: 2 })]);
    expect(missingRuns(summary)).toEqual([]);
    expect(missingRuns(makeSummary(summary.runs, { finishedAt: null }))).toEqual([]);
    expect([interruption(summary), missingSentence(summary)]).toEqual([null, null]);
  });

  it("are reported by number and topology", () => {
    const scenario = planned(["x", "y"], ["none", "crash"], 1);
    const summary = makeSummary([makeRun({ topology: "x" })], { scenario });
    expect(interruption(summary)).toBe("interrupted after 1 of 4 runs");
    expect(missingSentence(summary)).toContain(
      "3 runs are missing, because the comparison was interrupted: every run of y and some " +
        "runs of x.",
    );
  });

  it("ignore duplicate names and unplanned runs", () => {
    const scenario = planned(["x", "x"], ["none", "none"], 1);
    const summary = makeSummary([makeRun({ topology: "stranger" })], { scenario });
    expect(interruption(summary)).toBe("interrupted after 0 of 1 runs");
  });
});
