import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderComparison } from "./report-terminal.ts";
import { anySummary } from "../any-summary.ts";
import { makeCost, makeDeploy, makeRealtime, makeRun, makeSummary } from "../test-support.ts";

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

const typical = () =>
  makeSummary(
    ["phase1-header", "phase2-durable"].flatMap((topology) =>
      [1, 2, 3].map((repeat) =>
        makeRun({
          topology,
          repeat,
          bounce: "rolling",
          lostByCause: { unexplained: 100 * repeat },
        }),
      ),
    ),
  );

it("shows the headline of steady state and of deploys, if the results have it", () => {
  const text = renderComparison(
    makeSummary([
      makeRun({ topology: "x" }),
      makeRun({ topology: "x", bounce: "rolling", deploy: makeDeploy({}) }),
    ]),
    { colour: false, columns: 160 },
  );
  expect(text).toMatch(/topology +verdict .*lost per/);
  expect(text).toMatch(/dark/);
  expect(text).toMatch(/0\.50 s/);
});

describe("the comparison in the terminal", () => {
  it.each([140, 100, 80, 60, 50])("fits %i columns and shows the losses", (columns) => {
    const text = renderComparison(typical(), { colour: false, columns });
    expect(widest(text)).toBeLessThanOrEqual(columns);
    expect(text).toContain("1.67 %");
    expect(text).toContain("phase2-durable");
  });

  it.each([140, 100, 80, 60])("names the engine's stand-in in %i columns", (columns) => {
    const text = renderComparison(
      makeSummary([makeRun()], { engine: "k6", engineStandIn: "k6-double" }),
      {
        colour: false,
        columns,
      },
    );
    expect(text.replaceAll("\n", " ")).toContain(
      "The load was made by k6-double, a contract double, not k6. ",
    );
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
    const real = renderComparison(makeSummary([makeRun()], { engine: "k6" }), {
      colour: false,
      columns,
    });
    expect(real).not.toContain("double");
  });

  it.each([140, 100, 80, 60])(
    "names a stand-in in its row and below the table, in %i columns",
    (columns) => {
      const realtime = makeRealtime({ part: "realtime-standin", standIn: true });
      const summary = makeSummary([makeRun({ realtime }), makeRun({ topology: "other" })]);
      const text = renderComparison(summary, { colour: false, columns });
      expect(widest(text)).toBeLessThanOrEqual(columns);
      expect(text).toMatch(/^\(realtime-standin\) /m);
      expect(text.replaceAll("\n", " ")).toContain(
        "realtime-standin served as Supabase Realtime in phase9. Losses and their causes are " +
          "valid; its latency and costs say nothing about Supabase.",
      );
      expect(renderComparison(makeSummary([makeRun()]), { colour: false })).not.toContain(
        "Realtime",
      );
    },
  );

  it("uses 100 columns if the width is unknown", () => {
    const text = renderComparison(typical(), { colour: false });
    expect(text).toBe(renderComparison(typical(), { colour: false, columns: 100 }));
  });

  it("drops the least telling columns first", () => {
    const wide = renderComparison(typical(), { colour: false, columns: 300 });
    const narrow = renderComparison(typical(), { colour: false, columns: 72 });
    expect(wide).toContain("affinity");
    expect(narrow).not.toContain("affinity");
    expect(narrow).toContain("lost");
  });

  it("shows cores per 1,000 streams below the table if they were read", () => {
    const costs = [
      makeCost({ cpuSeconds: 6 }),
      makeCost({ part: "traefik", role: "router", cpuSeconds: 3 }),
    ];
    const names = Array.from({ length: 12 }, (_, index) => `topology-${index + 1}`);
    const text = (columns: number) =>
      renderComparison(makeSummary(names.map((topology) => makeRun({ topology, costs }))), {
        colour: false,
        columns,
      });
    for (const columns of [60, 80, 100, 200]) {
      expect(widest(text(columns))).toBeLessThanOrEqual(columns);
      const flat = text(columns).replaceAll(/\s+/g, " ");
      // 9 CPU seconds over 12 s of load by 200 streams.
      expect(flat).toContain(
        "Cores per 1,000 streams (scaled from 200): " +
          `${names.map((topology) => `${topology} 3.75`).join(", ")} 12 runs:`,
      );
    }
    expect(text(20)).not.toContain("Cores");
    expect(renderComparison(typical(), { colour: false })).not.toContain("Cores");
  });

  it("becomes a list if no table fits", () => {
    const text = renderComparison(makeSummary([makeRun()]), { colour: false, columns: 10 });
    expect(text.split("\n")).toContain("phase9 steady state valid 0 %");
  });

  it("colours verdicts only if asked to; the text stays the same", () => {
    const summary = makeSummary([makeRun({ verdict: "invalid" }), makeRun({ bounce: "crash" })]);
    const plain = renderComparison(summary, { colour: false });
    const coloured = renderComparison(summary, { colour: true });
    expect(plain).toBe(stripVTControlCharacters(plain));
    expect(coloured).toContain("\u001b[31minvalid");
    expect(coloured).toContain("\u001b[32mvalid");
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  });

  it("says that it was interrupted, even without any run", () => {
    const whole = makeSummary([makeRun()]);
    const scenario = { ...whole.scenario, repeat: 3 };
    const lines = (runs: Parameters<typeof makeSummary>[0]) =>
      renderComparison(makeSummary(runs, { scenario }), { colour: false }).split("\n");
    expect(lines([makeRun()]).slice(-2)).toEqual([
      "Interrupted after 1 of 3 runs: the others were not measured",
      "1 run: 1 valid",
    ]);
    const none = { ...scenario, topologies: ["x"], bounces: ["none" as const] };
    expect(renderComparison(makeSummary([], { scenario: none }), { colour: false })).toBe(
      "Interrupted after 0 of 3 runs: the others were not measured\nNothing was measured: no run.",
    );
    expect(renderComparison(whole, { colour: false })).not.toMatch(/interrupted/i);
  });

  it("says that nothing was measured if there is no run", () => {
    expect(renderComparison(makeSummary([]), { colour: true })).toBe(
      "Nothing was measured: no run.",
    );
  });

  it("renders any valid summary without control characters", () => {
    fc.assert(
      fc.property(anySummary, fc.integer({ min: 1, max: 200 }), (summary, columns) => {
        const text = renderComparison(summary, { colour: false, columns });
        expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
        expect(text).not.toMatch(/undefined|NaN/);
      }),
    );
  });
});
