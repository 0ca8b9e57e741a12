import { describe, expect, it } from "vitest";
import { groupRuns } from "../summary/run-group.ts";
import { type RunParts, makeRealtime, makeRun } from "../test-support.ts";
import { whichFits } from "./which-fits.ts";

const groupsOf = (...runs: RunParts[]) => groupRuns(runs.map(makeRun));

describe("which topology fits", () => {
  const pair = (topology: string, crash: RunParts, repeats = 1): RunParts[] =>
    Array.from({ length: repeats }, (_, i) => [
      { topology, repeat: i + 1 },
      { topology, repeat: i + 1, bounce: "crash" as const, ...crash },
    ]).flat();

  it("rules out what loses events undisturbed, by its figures and under any name", () => {
    const said = whichFits(
      groupsOf(...pair("good", {}), { topology: "bad", lostByCause: { "no-route": 8000 } }),
    );
    expect(said[0]).toContain("events are lost with nobody deploying: bad (66.7 %)");
    expect(said[1]).toContain("while people are connected: good.");
  });

  it("names the one that missed fewest when chance does not explain it", () => {
    const said = whichFits(
      groupsOf(
        ...pair("x", { lostByCause: { "while-disconnected": 6000 } }),
        ...pair("y", { lostByCause: { "while-disconnected": 600 } }),
      ),
    );
    expect(said).toContain("Across crash, y (5.00 %) missed the fewest events; x (50.0 %) did worse.");
    expect(said).toContain("Where nothing may be missed across crash, no measured topology fits.");
  });

  it("says so when the difference is within the spread", () => {
    const some = (pairs: number, repeat: number): RunParts => ({
      repeat,
      bounce: "crash",
      lostByCause: { "while-disconnected": pairs },
    });
    const said = whichFits(
      groupsOf(
        ...[some(100, 1), some(300, 2)].map((run) => ({ ...run, topology: "x" })),
        ...[some(200, 1), some(400, 2)].map((run) => ({ ...run, topology: "y" })),
      ),
    );
    expect(said.join("\n")).toMatch(/the share of missed events does not tell x \(.*\) and y \(.*\) apart\./);
    expect(said[0]).toContain("Steady state was not measured");
  });

  it("does not praise a topology for losing little of the little that it published", () => {
    const said = whichFits(
      groupsOf(
        ...pair("x", { neverPublished: 11_000, lostByCause: { "while-disconnected": 500 } }),
        ...pair("y", { lostByCause: { "while-disconnected": 600 } }),
      ),
    );
    expect(said).toContain(
      "Across crash, y (5.00 %) lost the smallest share of what was published; x (50.0 %) did worse.",
    );
  });

  it("says where better delivery ends no more streams", () => {
    const lostByCause = { "while-disconnected": 6000 };
    const died = { stuckStreams: 200, neverPublished: 4000 };
    const said = whichFits(groupsOf(...pair("x", { ...died, lostByCause }), ...pair("y", died)));
    expect(said).toContain(
      "Across crash, y (0 %) lost the smallest share of what was published; x (75.0 %) did worse. Yet no fewer streams end stuck in y (100 %) than in x (100 %): pipelines die with their instance, and no delivery replaces them.",
    );
    expect(said).toContain(
      "Where nothing may be missed, or every stream has to reach its end, across crash, no measured topology fits: the best left 200 streams stuck.",
    );
  });

  it("recommends for no loss at all only what lost nothing in every repeat", () => {
    const said = whichFits(
      groupsOf(...pair("x", {}, 2), ...pair("y", { lostByCause: { unexplained: 1 } }, 2)),
    );
    expect(said).toContain("Fit where nothing may be missed across crash: x.");
    expect(said).toContain("Every stream reached its end across crash in x and y.");
  });

  it("says what speaks for and against Realtime, and that its outage is no other topology's", () => {
    const realtime = makeRealtime({ part: "s", standIn: true });
    const lost = { lostByCause: { "while-disconnected": 6000 } } as const;
    const said = whichFits(
      groupsOf(...pair("x", lost), ...pair("d", { realtime }).map((run) => ({ ...run, realtime })), {
        topology: "d",
        realtime,
        bounce: "realtime-outage",
        stuckStreams: 9,
        ...lost,
      }),
    ).join("\n");
    expect(said).toContain(
      "across realtime-outage (which only topologies with Realtime have), no measured topology fits",
    );
    expect(said).toContain("For d speaks: across crash");
    expect(said).toContain("nothing can be chosen by it");
  });

  it("warns of a topology that broke what is expected of it", () => {
    const said = whichFits(groupsOf(...pair("x", { verdict: "invalid" })));
    expect(said.join("\n")).toContain("only after reading why below: x (crash).");
  });
});
