import { describe, expect, it } from "vitest";

import { createSink, parseMetricName } from "./metric-sink.ts";
import { MetricsEngine } from "./metrics-engine.ts";

describe("metrics of the double", () => {
  it("has k6's values of each type", () => {
    const counter = createSink("counter", false);
    const gauge = createSink("gauge", false);
    const rate = createSink("rate", false);
    const trend = createSink("trend", true);
    for (const value of [0, 10, 20, 30, 40]) {
      for (const sink of [counter, gauge, rate, trend]) sink.add(value);
    }
    expect(counter.values([], 10)).toEqual({ count: 100, rate: 10 });
    expect(gauge.values([], 10)).toEqual({ value: 40, min: 0, max: 40 });
    expect(rate.values([], 10)).toEqual({ rate: 0.8, passes: 4, fails: 1 });
    expect(trend.values(["avg", "min", "med", "max", "p(90)", "p(99.9)", "count"], 10)).toEqual({
      avg: 20,
      min: 0,
      med: 20,
      max: 40,
      "p(90)": 36,
      "p(99.9)": expect.closeTo(39.96) as number,
      count: 5,
    });
  });

  it("evaluates thresholds of submetrics and of metrics without a sample", () => {
    const engine = new MetricsEngine();
    engine.declare("lost", "counter", false);
    engine.declare("latency", "trend", true);
    engine.setThresholds({
      lost: ["count==0"],
      "latency{topology:phase1}": ["p(95)<50", "max < 50"],
    });
    engine.sample("latency", 100, { topology: "naive" });
    expect(engine.evaluate(1).failed).toEqual([]);
    engine.sample("latency", 60, { topology: "phase1", instance: "i-1" });
    engine.sample("lost", 1, {});
    expect(engine.evaluate(1).failed).toEqual(["lost", "latency{topology:phase1}"]);
    expect(engine.summary(["max"], 1)["metrics"]).toMatchObject({
      lost: { thresholds: { "count==0": { ok: false } } },
      "latency{topology:phase1}": {
        values: { max: 60 },
        thresholds: { "max < 50": { ok: false } },
      },
      latency: { values: { max: 100 } },
    });
  });

  it.each([
    ["missing", "count==0", 'no metric name "missing"'],
    ["checks", "count==0", "does not fit a rate"],
    ["iterations", "count = 0", "does not fit a counter"],
  ])("refuses a threshold of %s: %s", (metric, expression, message) => {
    expect(() => new MetricsEngine().setThresholds({ [metric]: [expression] })).toThrow(message);
  });

  it("reads the tags of a submetric's name", () => {
    expect(parseMetricName("a{b:c, d:e:f}")).toEqual({ metric: "a", tags: { b: "c", d: "e:f" } });
  });
});
