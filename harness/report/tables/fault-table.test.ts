import { describe, expect, it } from "vitest";
import { makeDeploy, makeRun, makeSummary } from "../test-support.ts";
import { faultSentences, faultTable } from "./fault-table.ts";

const BOUNCES = ["none", "rolling", "recreate", "crash", "drain-cut"] as const;
const whole = (topology: string) => BOUNCES.map((bounce) => makeRun({ topology, bounce }));

describe("what survives what", () => {
  it("has a row for each pair, in the order of the scenario, with the dominant cause", () => {
    const runs = whole("phase1").map((run) =>
      run.bounce === "crash"
        ? makeRun({
            topology: "phase1",
            bounce: "crash",
            lostByCause: { "no-route": 3, "while-disconnected": 5 },
            stuckStreams: 2,
            deploy: makeDeploy({}),
            reconnects: { ...run.reconnects, timeTo100Ms: 1_500 },
          })
        : run,
    );
    const summary = makeSummary([...runs].reverse());
    summary.scenario.bounces = [...BOUNCES];
    const lines = faultTable(summary)?.split("\n").slice(2) ?? [];
    expect(lines.map((line) => line.split("|")[2]?.trim())).toEqual([
      "steady state",
      ...BOUNCES.slice(1),
    ]);
    expect(lines[3]).toMatch(/\| +8 \| +0 \| +2 \| +0 \| +1,500 ms \| while-disconnected +\|$/);
  });

  it("says of a cut client that was never back that it was not, and of a dead pipeline why", () => {
    const [, rolling, ...rest] = whole("phase1");
    const never = { ...rolling!, neverPublished: 4, deploy: makeDeploy({}) };
    never.reconnects = { ...never.reconnects, timeTo100Ms: null };
    const table = faultTable(makeSummary([never, ...rest, makeRun({ topology: "phase1" })]));
    expect(table).toMatch(/rolling .*\| +4 \| .*\| +never \| pipeline died +\|/);
  });

  it("has one sentence for each topology", () => {
    const lossy = whole("phase2").map((run) =>
      run.bounce === "crash" ? { ...run, lost: 1, due: run.due } : run,
    );
    const unknown = whole("phase3").map((run) =>
      run.bounce === "rolling" ? { ...run, verdict: "unknown" as const } : run,
    );
    expect(faultSentences(makeSummary([...whole("phase1"), ...lossy, ...unknown]))).toEqual([
      "Phase1 loses nothing and leaves no stream stuck with rolling, recreate, crash and " +
        "drain-cut (4).",
      "Phase2 loses nothing and leaves no stream stuck with rolling, recreate and drain-cut " +
        "(3); it loses events or leaves streams stuck with crash (1).",
      "Phase3 loses nothing and leaves no stream stuck with recreate, crash and drain-cut (3); " +
        "it cannot be judged with rolling (1).",
    ]);
  });

  it("is left out of a report on few bounces", () => {
    expect(faultTable(makeSummary(whole("phase1").slice(0, 3)))).toBeNull();
    expect(faultSentences(makeSummary(whole("phase1").slice(0, 3)))).toEqual([]);
  });
});
