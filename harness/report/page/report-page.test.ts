import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anySummary } from "../any-summary.ts";
import { drainShape } from "../charts/series-points.ts";
import { makeManifest, makeRun, makeSeries, makeSummary } from "../test-support.ts";
import { renderPage } from "./report-page.ts";

const page = (runs: Parameters<typeof makeSummary>[0]): Promise<string> => {
  const summary = makeSummary(runs);
  return renderPage(
    summary,
    makeManifest(summary),
    runs.map((run) => makeSeries(run)),
  );
};

const bounced = (topology = "phase9") =>
  makeRun({
    topology,
    bounce: "rolling",
    lostByCause: { "while-disconnected": 800 },
    bounces: [
      {
        kind: "rolling",
        target: "server-1",
        startedMs: 8000,
        endedMs: 9500,
        open: 200,
        cut: 160,
        lost: 800,
        reconnects: 160,
      },
    ],
  });

describe("report.html", () => {
  it("has a time line of each run, with its bounces and the causes of its losses", async () => {
    const html = await page([makeRun(), bounced()]);
    expect(html.match(/<article class="run"/g)).toHaveLength(2);
    expect(html).toMatch(/Shaded: server-1 from 8,000 ms to 9,500 ms\./);
    expect(html).toMatch(/>while-disconnected<\/text>/);
    expect(html).toMatch(/<th scope="col">lost\/s, while-disconnected<\/th>/);
  });

  it("says why a run has no time line, as after older results", async () => {
    const summary = makeSummary([makeRun()]);
    const html = await renderPage(summary, makeManifest(summary), []);
    expect(html).toContain("This run has no time line: its history holds no load.");
  });

  it.each(["constructor", "toString", "__proto__"])("draws a topology named %s", async (name) => {
    const run = bounced(name);
    const sessionsPerInstance = { [name]: { first: 1, last: 2 }, b: { first: 1, last: 0 } };
    expect(await page([makeRun({ topology: name }), { ...run, sessionsPerInstance }])).toContain(
      `<h3 id="run-2-title">`,
    );
  });

  it("gives the same bytes again", async () => {
    expect(await page([makeRun(), bounced()])).toBe(await page([makeRun(), bounced()]));
  });

  it("stays small: 12 runs take less than 2 MB", async () => {
    const topologies = ["phase0", "naive", "phase1", "phase2"];
    const runs = topologies.flatMap((topology) => [
      makeRun({ topology }),
      bounced(topology),
      makeRun({ ...bounced(topology), bounce: "crash" }),
    ]);
    expect((await page(runs)).length).toBeLessThan(2_000_000);
  });

  it("takes any summary, and lets no outside text become markup", async () => {
    await fc.assert(
      fc.asyncProperty(anySummary, async (summary) => {
        const series = summary.runs.map((run) => makeSeries(run));
        const html = await renderPage(summary, makeManifest(summary), series);
        expect(html).not.toMatch(/<b>|<script|undefined|NaN/);
        expect(html).not.toContain("\u001b");
      }),
      { numRuns: 10 },
    );
  });
});

describe("the shape of a drain", () => {
  const run = bounced();
  const cuts = (at: (second: number) => number): number[] =>
    Array.from({ length: 200 }, (_, step) => at(step / 10));

  it.each([
    ["ramp", (second: number) => (second >= 8 && second < 10 ? 8 : 0), 0.1],
    ["cliff", (second: number) => (second >= 8 && second < 8.1 ? 160 : 0), 1],
  ])("is a %s", (name, at, mostAtOnce) => {
    const shape = drainShape(makeSeries(run, { cuts: cuts(at) }), run.bounces);
    expect(shape).toEqual({ name, mostAtOnce });
  });

  it("is not known without a cut, or from long steps", () => {
    expect(drainShape(makeSeries(run, { cuts: cuts(() => 0) }), run.bounces)).toBeNull();
    expect(drainShape(makeSeries(run, { stepMs: 1000 }), run.bounces)).toBeNull();
  });
});
