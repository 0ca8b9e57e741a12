import { EXIT, ExitError } from "./exit-codes.ts";
import type { MetricSink } from "./metric-sink.ts";

export interface Threshold {
  /** As the script wrote it. */
  source: string;
  aggregation: string;
  holds(value: number): boolean;
  /** Until it is evaluated, and so with --no-thresholds, a threshold counts as held, as in k6. */
  ok: boolean;
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
 * @param source e.g. `count==0` or `p(95)<200`
 * @throws {@link ExitError} 104 for no such expression, or an aggregation that the metric's type has not
 */
export function parseThreshold(metric: string, source: string, sink: MetricSink): Threshold {
  const match = /^\s*(\w+(?:\([\d.]+\))?)\s*(===|==|!=|<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*$/.exec(source);
  const [, aggregation = "", operator = "", limit = ""] = match ?? [];
  const compare = COMPARE[operator];
  if (compare === undefined || sink.aggregate(aggregation, 1) === undefined) {
    const message = `invalid threshold defined on ${metric}: "${source}" is none for a ${sink.type}`;
    throw new ExitError(message, EXIT.invalidConfig);
  }
  return { source, aggregation, holds: (value) => compare(value, Number(limit)), ok: true };
}
