import type { MetricType, Tags } from "../protocol.ts";
import { EXIT, ExitError } from "./exit-codes.ts";
import type { PointWriter } from "./point-writer.ts";
import type { ThresholdOption } from "./read-options.ts";
import { createSink, type MetricSink, parseMetricName } from "./metric-sink.ts";

/** The built-in metrics of k6 that the double has. */
const BUILT_IN: Record<string, [MetricType, isTime: boolean]> = {
  vus: ["gauge", false],
  vus_max: ["gauge", false],
  iterations: ["counter", false],
  iteration_duration: ["trend", true],
  checks: ["rate", false],
  http_reqs: ["counter", false],
  http_req_duration: ["trend", true],
  http_req_waiting: ["trend", true],
  http_req_sending: ["trend", true],
  http_req_failed: ["rate", false],
  sse_event: ["counter", false],
  ws_sessions: ["counter", false],
  ws_connecting: ["trend", true],
  ws_session_duration: ["trend", true],
  ws_msgs_sent: ["counter", false],
  ws_msgs_received: ["counter", false],
};

interface Threshold {
  /** The expression in the script. */
  source: string;
  aggregation: string;
  holds(value: number): boolean;
  /** True until the evaluation. */
  ok: boolean;
  abortOnFail: boolean;
}

interface Metric {
  sink: MetricSink;
  observed: boolean;
  thresholds: Threshold[];
}
interface Submetric {
  name: string;
  of: string;
  tags: Tags;
}
interface Check {
  name: string;
  passes: number;
  fails: number;
}

/** All samples of the process, their thresholds, and k6's summary data of both. */
export class MetricsEngine {
  readonly #metrics = new Map<string, Metric>();
  readonly #submetrics: Submetric[] = [];
  readonly #checks = new Map<string, Check>();
  readonly #writePoint: PointWriter | undefined;

  /** @param writePoint gets each sample */
  constructor(writePoint?: PointWriter | "") {
    this.#writePoint = writePoint || undefined;
    for (const [name, [type, isTime]] of Object.entries(BUILT_IN)) this.declare(name, type, isTime);
  }

  /** @throws {@link ExitError} 107 if the name exists with another type */
  declare(name: string, type: MetricType, isTime: boolean): void {
    const known = this.#metrics.get(name);
    if (known === undefined) this.#add(name, type, isTime);
    else if (known.sink.type !== type) {
      const message =
        `metric '${name}' already exists but with type ${known.sink.type}, ` + `instead of ${type}`;
      throw new ExitError(message, EXIT.scriptException);
    }
  }

  /**
   * @param judged false with `--no-thresholds`: k6 then keeps the figures that thresholds name, and
   *   reads no expression
   * @throws {@link ExitError} 104 for an unknown expression, metric or aggregation
   */
  setThresholds(
    thresholds: Readonly<Record<string, readonly ThresholdOption[]>>,
    judged = true,
  ): void {
    for (const [name, expressions] of Object.entries(thresholds)) {
      const { metric: parent, tags } = parseMetricName(name);
      const of = this.#metrics.get(parent);
      if (of === undefined) {
        throw new ExitError(
          `invalid threshold: no metric name "${parent}" found`,
          EXIT.invalidConfig,
        );
      }
      const metric =
        name === parent
          ? of
          : (this.#metrics.get(name) ?? this.#add(name, of.sink.type, of.sink.isTime));
      if (name !== parent) this.#submetrics.push({ name, of: parent, tags });
      if (judged)
        metric.thresholds = expressions.map((expression) =>
          parseThreshold(name, expression, metric.sink),
        );
      // The summary shows it even without a sample.
      of.observed = true;
      metric.observed = true;
    }
  }

  sample(name: string, value: number, tags: Tags): void {
    this.#writePoint?.(name, value, tags);
    this.#record(name, value);
    for (const submetric of this.#submetrics) {
      if (submetric.of !== name) continue;
      const matches = Object.entries(submetric.tags).every(([tag, wanted]) => tags[tag] === wanted);
      if (matches) this.#record(submetric.name, value);
    }
  }

  check(name: string, passed: boolean, tags: Tags): void {
    const check = this.#checks.get(name) ?? { name, passes: 0, fails: 0 };
    this.#checks.set(name, check);
    check[passed ? "passes" : "fails"]++;
    this.sample("checks", Number(passed), tags);
  }

  /** @returns metrics whose thresholds have failed, and whether one of these aborts the test */
  evaluate(seconds: number): { failed: string[]; aborts: boolean } {
    const failed = [...this.#metrics].filter(([, metric]) => {
      for (const threshold of metric.thresholds) {
        threshold.ok = threshold.holds(metric.sink.aggregate(threshold.aggregation, seconds) ?? 0);
      }
      return metric.thresholds.some((threshold) => !threshold.ok);
    });
    const aborts = failed.some(([, { thresholds }]) =>
      thresholds.some(({ ok, abortOnFail }) => !ok && abortOnFail),
    );
    return { failed: failed.map(([name]) => name), aborts };
  }

  /** `metrics` and `root_group` of the argument of `handleSummary()`. */
  summary(trendStats: readonly string[], seconds: number): Record<string, unknown> {
    const observed = [...this.#metrics].filter(([, metric]) => metric.observed);
    const metrics = observed.map(([name, { sink, thresholds }]) => [
      name,
      {
        type: sink.type,
        contains: sink.isTime ? "time" : "default",
        values: sink.values(trendStats, seconds),
        ...(thresholds.length > 0
          ? { thresholds: Object.fromEntries(thresholds.map(({ source, ok }) => [source, { ok }])) }
          : {}),
      },
    ]);
    const checks = [...this.#checks.values()].map((check) => ({
      path: `::${check.name}`,
      id: check.name,
      ...check,
    }));
    const rootGroup = {
      name: "",
      path: "",
      id: "d41d8cd98f00b204e9800998ecf8427e",
      groups: [],
      checks,
    };
    return { metrics: Object.fromEntries(metrics) as unknown, root_group: rootGroup };
  }

  #add(name: string, type: MetricType, isTime: boolean): Metric {
    const metric = { sink: createSink(type, isTime), observed: false, thresholds: [] };
    this.#metrics.set(name, metric);
    return metric;
  }

  #record(name: string, value: number): void {
    const metric = this.#metrics.get(name);
    if (metric === undefined)
      throw new Error(`k6-double: a sample of the unknown metric "${name}"`);
    metric.observed = true;
    metric.sink.add(value);
  }
}

const COMPARE: Record<string, (value: number, limit: number) => boolean> = {
  "<": (value, limit) => value < limit,
  "<=": (value, limit) => value <= limit,
  ">": (value, limit) => value > limit,
  ">=": (value, limit) => value >= limit,
  "==": (value, limit) => value === limit,
  "===": (value, limit) => value === limit,
  "!=": (value, limit) => value !== limit,
};

/**
 * @param threshold e.g. `count==0` or `p(95)<200`
 * @throws {@link ExitError} 104 for a bad expression, or an aggregation that the metric lacks
 */
function parseThreshold(metric: string, option: ThresholdOption, sink: MetricSink): Threshold {
  const { threshold: source, abortOnFail = false } =
    typeof option === "string" ? { threshold: option } : option;
  const match = /^\s*(\w+(?:\([\d.]+\))?)\s*(===|==|!=|<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*$/.exec(
    source,
  );
  const [, aggregation = "", operator = "", limit = ""] = match ?? [];
  const compare = COMPARE[operator];
  if (compare === undefined || sink.aggregate(aggregation, 1) === undefined) {
    const message =
      `invalid threshold defined on ${metric}: ` + `"${source}" does not fit a ${sink.type}`;
    throw new ExitError(message, EXIT.invalidConfig);
  }
  return {
    source,
    aggregation,
    holds: (value) => compare(value, Number(limit)),
    ok: true,
    abortOnFail,
  };
}
