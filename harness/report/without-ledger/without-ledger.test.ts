import { describe, expect, it } from "vitest";
import type { RunResult } from "../../checker/run-result.ts";
import { answerOf } from "../answer/answer.ts";
import { renderReport } from "../render/report-markdown.ts";
import { renderComparison } from "../render/report-terminal.ts";
import { makeDeploy, makeManifest, makeRun, makeSummary, type RunParts } from "../test-support.ts";

const NOTHING = {
  "never-connected": 0,
  "nothing-arrived": 0,
  "on-a-stream": 0,
  "at-a-reconnect": 0,
  "after-last": 0,
};

const told = (
  parts: Partial<NonNullable<RunResult["withoutLedger"]>> = {},
): NonNullable<RunResult["withoutLedger"]> => ({
  sequence: true,
  total: true,
  terminal: true,
  missedIn: NOTHING,
  events: 12_000,
  perSession: { streams: 200, mean: 60, deviation: 0 },
  silenceMs: { samples: 200, p50: 210, p90: 220, p99: 230, p999: 240, max: 4_000 },
  ...parts,
});

const rolling: RunParts = {
  topology: "phase1",
  bounce: "rolling",
  missed: 1_200,
  stuckStreams: 50,
  withoutLedger: told({ missedIn: { ...NOTHING, "after-last": 1_200 } }),
  deploy: makeDeploy({
    running: 0,
    killed: 0,
    withoutLedger: { missed: { streams: 100, mean: 12, deviation: 1 }, stuck: 40, of: 100 },
  }),
};
const summaryOf = (...runs: RunParts[]) => makeSummary(runs.map((run) => makeRun(run)));
const steady: RunParts = { topology: "phase1", withoutLedger: told() };

describe("the report on a service without a ledger", () => {
  const summary = summaryOf(steady, rolling);

  it("answers with what was missed and which streams are stuck", () => {
    expect(answerOf(summary).sentences).toEqual([
      "In steady state: phase1 (nothing missed).",
      "During rolling deploys: phase1 (10.0 % missed, 25.0 % of streams stuck).",
      "The service keeps no ledger, so missed events were lost or never published.",
    ]);
  });

  it("claims nothing that only a ledger could tell", () => {
    const report = renderReport(summary, makeManifest(summary));
    expect(report).not.toMatch(/lost nothing|lossless|fits best/i);
    expect(report).not.toContain("What a deploy does");
    expect(report).toContain("## What arrived");
    expect(report).toMatch(/phase1 *\| rolling *\| valid *\| *10.0 % \| *50 of 200 \| *12 \|/);
  });

  it("shows the same in a terminal", () => {
    const shown = renderComparison(summary, { colour: false, columns: 160 });
    expect(shown).toMatch(/phase1 +rolling +valid +10.0 % +50 of 200 +12 +40 of 100/);
  });

  it("compares events without numbers with steady state", () => {
    const unnumbered = { sequence: false, events: 9_000 };
    const fewer = told({ ...unnumbered, perSession: { streams: 200, mean: 45, deviation: 9 } });
    const none = { due: 0, missed: 0, stuckStreams: 0 };
    const counted = summaryOf(
      { ...steady, ...none, withoutLedger: told(unnumbered) },
      { ...rolling, ...none, withoutLedger: fewer },
    );
    expect(answerOf(counted).sentences).toEqual([
      "In steady state: phase1 (at most 4,000 ms of silence).",
      "During rolling deploys: phase1 (25.0 % fewer events than in steady state, at most " +
        "4,000 ms of silence).",
      "The events carry no numbers, so single losses cannot be seen: compare with steady state.",
    ]);
    const report = renderReport(counted, makeManifest(counted));
    expect(report).toMatch(/rolling *\| valid *\| *– \| *0 of 200 \| *– \|.*−25.0 %/);
  });

  it("concludes nothing from runs that cannot be trusted", () => {
    const unknown = summaryOf({ ...steady, verdict: "unknown" });
    expect(answerOf(unknown).sentences).toEqual([
      "No run can be trusted, so nothing can be said of this service.",
    ]);
  });
});
