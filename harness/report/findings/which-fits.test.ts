import { describe, expect, it } from "vitest";
import { groupRuns } from "../summary/run-group.ts";
import { makeDeploy, type RunParts, makeRealtime, makeRun } from "../test-support.ts";
import { whichFits } from "./which-fits.ts";

const groupsOf = (...runs: RunParts[]) => groupRuns(runs.map(makeRun));

describe("which topology fits", () => {
  const pair = (topology: string, crash: RunParts, repeats = 1): RunParts[] =>
    Array.from({ length: repeats }, (_, i) => [
      { topology, repeat: i + 1 },
      { topology, repeat: i + 1, bounce: "crash" as const, ...crash },
    ]).flat();

  it("rules out any topology that loses events in steady state", () => {
    const said = whichFits(
      groupsOf(...pair("good", {}), { topology: "bad", lostByCause: { "no-route": 8000 } }),
    );
    expect(said[0]).toBe("Lossless in steady state: good.");
    expect(said[1]).toContain("events are lost even in steady state: bad (66.7 %)");
  });

  it("names the topology that missed fewest, beyond chance", () => {
    const said = whichFits(
      groupsOf(
        ...pair("x", { lostByCause: { "while-disconnected": 6000 } }),
        ...pair("y", { lostByCause: { "while-disconnected": 600 } }),
      ),
    );
    expect(said.join("\n")).toMatch(
      /During crashes, y \(5.00 % .*\) missed the fewest events; x \(50.0 % .*\) did worse\./,
    );
    expect(said).toContain("No measured topology fits if nothing may be missed during crashes.");
  });

  it("names what cannot be told apart, and what would have been seen", () => {
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
    expect(said.join("\n")).toMatch(
      /x \(.*\) and y \(.*\) cannot be told apart: a difference below .* would not be seen\./,
    );
    expect(said[0]).toContain("Steady state was not measured");
  });

  it("judges losses by published events, not by due ones", () => {
    const said = whichFits(
      groupsOf(
        ...pair("x", { neverPublished: 11_000, lostByCause: { "while-disconnected": 500 } }),
        ...pair("y", { lostByCause: { "while-disconnected": 600 } }),
      ),
    );
    expect(said.join("\n")).toMatch(
      /During crashes, y \(5.00 % .*\) lost the smallest share of published events; x \(50.0 % /,
    );
  });

  it("says of stuck streams what it says of losses", () => {
    const lostByCause = { "while-disconnected": 6000 };
    const died = { stuckStreams: 200, neverPublished: 4000 };
    const said = whichFits(groupsOf(...pair("x", { ...died, lostByCause }), ...pair("y", died)));
    expect(said.join("\n")).toMatch(/y \(0 % .*\) lost the smallest share of published events/);
    expect(said.join("\n")).toMatch(/x \(100 % .*\) and y \(100 % .*\) cannot be told apart/);
    expect(said).toContain(
      "No measured topology fits if nothing may be missed, or no stream may get stuck, " +
        "during crashes: the best left 200 streams stuck.",
    );
  });

  it("says how long nothing was lost", () => {
    const steady = {
      streamHours: 1.5,
      lost: 0,
      incidents: 0,
      lossesPerStreamHour: 0,
      incidentsPerStreamHour: 0,
      incidentsPerStreamHourAtMost: 2,
    };
    expect(whichFits(groupsOf({ steady }, { steady, repeat: 2 }))[0]).toBe(
      "Lossless in steady state: phase9 (in 3 stream-hours).",
    );
  });

  it("ranks by what a deploy does to streams and pipelines", () => {
    const livedOn = { streams: 300, mean: 1.5, deviation: 0.5 };
    const said = whichFits(
      groupsOf(
        { topology: "x", bounce: "rolling", deploy: makeDeploy({ livedOn }) },
        {
          topology: "y",
          bounce: "rolling",
          deploy: makeDeploy({ livedOn: { ...livedOn, mean: 0.2 } }),
        },
      ),
    ).join("\n");
    expect(said).toMatch(/y \(0\.20 s .*\) lost the fewest seconds .*; x \(1\.50 s .*\) did worse/);
    expect(said).toMatch(/x \(50\.0 % .*\) and y \(50\.0 % .*\) cannot be told apart/);
  });

  it("recommends for no loss only what lost nothing in every repeat", () => {
    const said = whichFits(
      groupsOf(...pair("x", {}, 2), ...pair("y", { lostByCause: { unexplained: 1 } }, 2)),
    );
    expect(said).toContain("Fits if nothing may be missed during crashes: x.");
    expect(said).toContain("Fits if no stream may get stuck during crashes: x and y.");
  });

  it("lists points for and against Realtime, whose outage other topologies do not have", () => {
    const realtime = makeRealtime({ part: "s", standIn: true });
    const lost = { lostByCause: { "while-disconnected": 6000 } } as const;
    const said = whichFits(
      groupsOf(
        ...pair("x", lost),
        ...pair("d", { realtime }).map((run) => ({ ...run, realtime })),
        {
          topology: "d",
          realtime,
          bounce: "realtime-outage",
          stuckStreams: 9,
          ...lost,
        },
      ),
    ).join("\n");
    expect(said).toContain(
      "during Realtime outages (which only topologies with Realtime have): the best left 9 " +
        "streams stuck",
    );
    expect(said).toContain("In favour of d: during crashes");
    expect(said).toContain("so do not choose by it");
  });

  it("warns of a topology that broke its promise", () => {
    const said = whichFits(groupsOf(...pair("x", { verdict: "invalid" })));
    expect(said.join("\n")).toContain("read the reasons below before choosing it: x (crash).");
  });
});
