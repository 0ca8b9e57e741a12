import type { MetricType, Tags } from "../protocol.ts";

/** All samples of one metric or submetric. */
export interface MetricSink {
  readonly type: MetricType;
  readonly isTime: boolean;
  add(value: number): void;
  /** The values of the summary. @param seconds duration of the test run */
  values(trendStats: readonly string[], seconds: number): Record<string, number>;
  /** The value of a threshold's aggregation; undefined if this type does not have it. */
  aggregate(name: string, seconds: number): number | undefined;
}

export function createSink(type: MetricType, isTime: boolean): MetricSink {
  const base = { counter: counterSink, gauge: gaugeSink, rate: rateSink, trend: trendSink }[type]();
  return { type, isTime, ...base };
}

type Sink = Omit<MetricSink, "type" | "isTime">;

function counterSink(): Sink {
  let count = 0;
  const values = (_stats: readonly string[], seconds: number) => ({
    count,
    rate: seconds > 0 ? count / seconds : 0,
  });
  return {
    add: (value) => void (count += value),
    values,
    aggregate: (name, seconds) => pick(values([], seconds), name),
  };
}

function gaugeSink(): Sink {
  let [value, min, max]: [number, number, number] = [0, Infinity, -Infinity];
  const values = () => ({
    value,
    min: min === Infinity ? 0 : min,
    max: max === -Infinity ? 0 : max,
  });
  return {
    add(sample) {
      value = sample;
      min = Math.min(min, sample);
      max = Math.max(max, sample);
    },
    values,
    aggregate: (name) => pick({ value }, name),
  };
}

function rateSink(): Sink {
  let [passes, fails]: [number, number] = [0, 0];
  const rate = () => (passes + fails === 0 ? 0 : passes / (passes + fails));
  return {
    add(value) {
      if (value === 0) fails++;
      else passes++;
    },
    values: () => ({ rate: rate(), passes, fails }),
    aggregate: (name) => pick({ rate: rate() }, name),
  };
}

function trendSink(): Sink {
  const samples: number[] = [];
  let sorted = true;
  const aggregate = (name: string): number | undefined => {
    if (!sorted) samples.sort((a, b) => a - b);
    sorted = true;
    const percentile = /^p\((\d+(?:\.\d+)?)\)$/.exec(name)?.[1];
    if (percentile !== undefined) return quantile(samples, Number(percentile) / 100);
    if (name === "avg") {
      return samples.length === 0
        ? 0
        : samples.reduce((sum, value) => sum + value, 0) / samples.length;
    }
    const known = {
      min: samples[0] ?? 0,
      med: quantile(samples, 0.5),
      max: samples.at(-1) ?? 0,
      count: samples.length,
    };
    return pick(known, name);
  };
  return {
    add(value) {
      samples.push(value);
      sorted = false;
    },
    values: (stats) => Object.fromEntries(stats.map((stat) => [stat, aggregate(stat) ?? 0])),
    aggregate,
  };
}

/** Interpolates between two samples. 0 without samples. */
function quantile(sorted: readonly number[], fraction: number): number {
  const position = fraction * (sorted.length - 1);
  const low = sorted[Math.floor(position)] ?? 0;
  const high = sorted[Math.ceil(position)] ?? 0;
  return low + (high - low) * (position - Math.floor(position));
}

function pick(values: Record<string, number>, name: string): number | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** Parses `metric{tag:value,tag2:value2}`. */
export function parseMetricName(name: string): { metric: string; tags: Tags } {
  const [, metric = name, filter = ""] = /^([^{]+)\{(.*)\}$/.exec(name) ?? [];
  const tags = filter
    .split(",")
    .filter((pair) => pair.trim() !== "")
    .map((pair): [string, string] => {
      const at = pair.indexOf(":");
      return [
        pair.slice(0, at).trim(),
        pair
          .slice(at + 1)
          .trim()
          .replace(/^["']|["']$/g, ""),
      ];
    });
  return { metric, tags: Object.fromEntries(tags) };
}
