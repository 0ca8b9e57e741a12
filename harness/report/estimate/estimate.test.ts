import { describe, expect, it } from "vitest";
import {
  makeDeploy,
  makeRun,
  makeSummary,
  type RunParts,
  LOSSLESS as steady,
} from "../test-support.ts";
import { estimate, type Wanted } from "./estimate.ts";
import { renderEstimates } from "./estimate-markdown.ts";

const wanted: Wanted = {
  streams: 2000,
  pipelineS: 600,
  deploysPerDay: 8,
  eventsPerSecond: 5,
  bounce: "rolling",
};
const deploy = makeDeploy({
  running: 100,
  killed: 20,
  killedNewcomers: 5,
  outlasting: null,
  open: 100,
  livedOn: { streams: 80, mean: 0.5, deviation: 0.3 },
});
const summaryOf = (...runs: RunParts[]) => makeSummary(runs.map(makeRun));
const measured = (repeat = 1): RunParts[] => [
  { repeat, steady },
  { repeat, bounce: "rolling", deploy },
];

describe("an estimate", () => {
  it("scales what one deploy did to streams, deploys and rate", () => {
    const [one] = estimate(summaryOf(...measured()), wanted);
    // 25 of 100 running pipelines die: 2,000 streams x 8 deploys x 0.25.
    expect(one!.perDay.pipelinesKilled.value).toBe(4000);
    expect(one!.perDay.pipelines).toBe(288_000);
    expect(one!.killedChance.value).toBeCloseTo(1 - Math.exp(-(8 * 0.25 * 600) / 86_400));
    // 80 of 100 open streams lose 0.5 s each.
    expect(one!.perDay.darkS.value).toBeCloseTo(2000 * 8 * 0.4);
    expect(one!.perDay.eventsLostByDeploys.value).toBeCloseTo(2000 * 8 * 0.4 * 5);
  });

  it("kills pipelines as those that outlast the drain's grace fared", () => {
    const outlasting = { pipelines: 40, killed: 40, graceS: 6 };
    const [one] = estimate(
      summaryOf({ bounce: "rolling", deploy: { ...deploy, outlasting } }),
      wanted,
    );
    // All of them but those in the last 6 of 600 s.
    expect(one!.measured.killedShare.value).toBeCloseTo(0.99);
    expect(one!.perDay.pipelinesKilled.value).toBeCloseTo(2000 * 8 * 0.99);
    const [crashed] = estimate(summaryOf({ bounce: "crash", deploy: { ...deploy, outlasting } }), {
      ...wanted,
      bounce: "crash",
    });
    expect(crashed!.measured.killedShare.value).toBe(0.25);
  });

  it("carries the intervals of the measured figures through", () => {
    const [one] = estimate(summaryOf(...measured()), wanted);
    const { killedShare } = one!.measured;
    expect([killedShare.low! < 0.25, killedShare.high! > 0.25]).toEqual([true, true]);
    expect(one!.perDay.pipelinesKilled.high).toBeCloseTo(killedShare.high! * 16_000);
    expect(one!.perDay.eventsLostByDeploys.low).toBeCloseTo(one!.perDay.darkS.low! * 5);
  });

  it("bounds what is lost otherwise, though no loss was seen, by all observed hours", () => {
    const [one] = estimate(summaryOf(...measured(1), ...measured(2)), wanted);
    expect(one!.perDay.eventsLostOtherwise).toEqual({ value: 0, low: 0, high: 0.75 * 2000 * 24 });
    const [alone] = estimate(summaryOf({ bounce: "rolling", deploy }), wanted);
    expect(alone!.perDay.eventsLostOtherwise).toBeNull();
  });

  it("uses no unknown run, and says how many it used", () => {
    const summary = summaryOf(...measured(), {
      bounce: "rolling",
      repeat: 2,
      verdict: "unknown",
      deploy: { ...deploy, killed: 90 },
    });
    const [one] = estimate(summary, wanted);
    expect(one!.runs).toEqual({ measured: 1, made: 2 });
    expect(one!.measured.killedShare.value).toBe(0.25);
    expect(estimate(summary, { ...wanted, bounce: "crash" })).toEqual([]);
  });

  it("shows its arithmetic", () => {
    const summary = summaryOf(...measured());
    const text = renderEstimates(estimate(summary, wanted), wanted, { path: "here", summary });
    expect(text).toContain("# A day with 2,000 streams, pipelines of 600 s and 8 deploys");
    expect(text).toMatch(/8 deploys x 2,000 running pipelines x 25\.0 % \[.*\] = 4,000 \[/);
    expect(text).toMatch(/= 6,400 s \[.*\]\n/);
    expect(text).toMatch(/6,400 s x 5 events\/s = 32,000 \[/);
    expect(text).toMatch(/\| phase9 +\| +4,000 \[.*\] \|/);
  });
});
