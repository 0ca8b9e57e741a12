import { format } from "prettier";
import { describe, expect, it } from "vitest";
import {
  END_MARKER,
  START_MARKER,
  renderReadmeTable,
  replaceBetweenMarkers,
} from "./readme-table.ts";
import { makeDeploy, makeRealtime, makeRun, makeSummary } from "../test-support.ts";

const summary = makeSummary([
  makeRun({ topology: "x" }),
  makeRun({ topology: "x", bounce: "crash", lostByCause: { unexplained: 600 }, stuckStreams: 7 }),
  makeRun({ topology: "y", verdict: "unknown", lostByCause: { "no-route": 8000 } }),
]);

describe("the README's table", () => {
  it("has one row per topology, and marks missing and untrusted figures", () => {
    const cells = renderReadmeTable(summary)
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .map((line) =>
        line
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(cells[0]).toEqual([
      "topology",
      "steady state: lost",
      "p99 latency",
      "crash: lost",
      "missed",
      "stuck streams",
    ]);
    expect(cells.slice(2)).toEqual([
      ["x", "0 %", "7.4 ms", "5.00 %", "5.00 %", "7"],
      ["y", "66.7 % (unknown)", "7.4 ms", "not measured", "not measured", "not measured"],
    ]);
  });

  it("shows what a deploy does, and how many runs it leaves out", () => {
    const deploy = makeDeploy({});
    const text = renderReadmeTable(
      makeSummary([
        makeRun({ topology: "x", lostByCause: { "no-route": 6000 } }),
        makeRun({ topology: "x", bounce: "rolling", deploy }),
        makeRun({ topology: "x", bounce: "rolling", deploy, repeat: 2, verdict: "unknown" }),
      ]),
    );
    const [headings, , row] = text.split("\n").map((line) => line.split(/ *\| */).slice(1, -1));
    expect(headings).toEqual([
      "topology",
      "steady state: lost per stream-hour",
      "delivery p99",
      "rolling: dark",
      "pipelines killed",
      "away p99",
    ]);
    expect(row?.slice(3)).toEqual([
      expect.stringMatching(/^0\.50 s \[.*\] \(1 of 2 runs\)$/),
      expect.stringMatching(/^50\.0 % \[.*\] of 100$/),
      "900 ms",
    ]);
    expect(text).toContain("x, steady state: Latency of the 50.0 % that arrived.");
  });

  it("is not changed by prettier", async () => {
    const readme = replaceBetweenMarkers(
      `# T\n\n${START_MARKER}\n${END_MARKER}\n`,
      renderReadmeTable(summary),
    );
    expect(await format(readme, { parser: "markdown", printWidth: 110 })).toBe(readme);
  });

  it("says that runs are missing, and keeps the row of a topology without any", () => {
    const scenario = { ...summary.scenario, topologies: ["x", "y", "z"] };
    const text = renderReadmeTable({ ...summary, scenario });
    expect(text).toMatch(
      /\*\*Interrupted after 3 of 6 runs: the others are missing from this table\.\*\*$/,
    );
    expect(text).toMatch(/\| z +\| +not measured \|/);
    expect(renderReadmeTable(makeSummary([makeRun()]))).not.toMatch(/interrupted/i);
  });

  it("names a stand-in in its row and in the caption", () => {
    const realtime = makeRealtime({ part: "realtime-standin", standIn: true });
    const text = renderReadmeTable(makeSummary([makeRun({ topology: "x", realtime })]));
    expect(text).toMatch(/\| x \(realtime-standin\) \|/);
    expect(text).toMatch(
      /realtime-standin served as Supabase Realtime in x\. .*say nothing about Supabase\.$/,
    );
  });

  it("names its load", () => {
    expect(renderReadmeTable(summary)).toContain(
      "200 sessions, each 5 events/s for 12 s, 1 repeat,",
    );
    expect(renderReadmeTable(makeSummary([]))).toContain("Nothing was measured yet.");
  });
});

describe("replaceBetweenMarkers", () => {
  const readme = `before\n${START_MARKER}\nold $& table\n${END_MARKER}\nafter\n`;

  it("replaces only what is between the markers, and is idempotent", () => {
    const once = replaceBetweenMarkers(readme, "new $& table");
    expect(once).toBe(`before\n${START_MARKER}\n\nnew $& table\n\n${END_MARKER}\nafter\n`);
    expect(replaceBetweenMarkers(once, "new $& table")).toBe(once);
  });

  it.each([
    ["no start", END_MARKER],
    ["no end", START_MARKER],
    ["two starts", `${START_MARKER}${START_MARKER}${END_MARKER}`],
    ["the end first", `${END_MARKER}${START_MARKER}`],
  ])("refuses a README with %s", (_, text) => {
    expect(() => replaceBetweenMarkers(text, "")).toThrow(/the page/);
  });
});
