import { expect, it } from "vitest";
import type { Verdict } from "../checker/run-result.ts";
import type { Summary } from "../report/summary/summary.ts";
import { makeRun, makeSummary } from "../report/test-support.ts";
import { exitCodeOf } from "./exit.ts";

const summaryOf = (verdicts: readonly Verdict[], repeat = verdicts.length): Summary => {
  const runs = verdicts.map((verdict, index) =>
    makeRun({ topology: "phase1", bounce: "none", repeat: index + 1, verdict }),
  );
  const { scenario } = makeSummary(runs);
  return makeSummary(runs, {
    scenario: { ...scenario, topologies: ["phase1"], bounces: ["none"], repeat },
  });
};

it.each<[readonly Verdict[], number]>([
  [["valid", "valid"], 0],
  [["valid", "invalid"], 1],
  [["invalid", "unknown", "valid"], 2],
  [[], 2],
])("the verdicts %j give exit code %d", (verdicts, code) => {
  expect(exitCodeOf(summaryOf(verdicts))).toBe(code);
});

it("a comparison that was interrupted is never a pass", () => {
  expect(exitCodeOf(summaryOf(["valid"], 3))).toBe(2);
});
