import type { EngineObservation } from "../../history/observation.ts";
import type { Counts } from "../judge/counts.ts";
import type { Durations, LatencyFigures } from "../run-figures.ts";
import type { RunResult } from "../run-result.ts";
import { LAG_SHARE_LIMIT } from "../thresholds.ts";
import type { DurationHistogram } from "./histogram.ts";

/** Null without samples. */
export const durationsOf = (durations: DurationHistogram): Durations | null =>
  durations.empty
    ? null
    : {
        samples: durations.samples,
        p50: durations.percentileMs(50),
        p90: durations.percentileMs(90),
        p99: durations.percentileMs(99),
        p999: durations.percentileMs(99.9),
        max: durations.maxMs,
      };

/** Latency with its parts, as far as the engine's lag and clock can resolve them. */
export function measureLatency(
  { latency, lateness, delivery }: Counts<DurationHistogram>,
  engine: EngineObservation | null,
): RunResult["latency"] {
  const [total, late, delivered] = [latency, lateness, delivery].map(durationsOf);
  if (!total || !late || !delivered) return null;
  return {
    total: asRead(total, engine),
    // Both times are the publisher's, so the engine has no part in it.
    lateness: { ...late, resolved: true, floorMs: 0 },
    delivery: asRead(delivered, engine),
  };
}

/** A duration that ends with the engine's read. */
function asRead(durations: Durations, engine: EngineObservation | null): LatencyFigures {
  const floorMs = engine?.clockErrorMs ?? 0;
  const { samples, p50, p90, p99, p999, max } = durations;
  const atLeast = (ms: number): number => Math.max(ms, floorMs);
  return {
    samples,
    p50: atLeast(p50),
    p90: atLeast(p90),
    p99: atLeast(p99),
    p999: atLeast(p999),
    max: atLeast(max),
    resolved: engine === null || engine.lagMs.p99 <= LAG_SHARE_LIMIT * atLeast(p99),
    floorMs,
  };
}
