import type { EngineObservation } from "../../history/observation.ts";
import type { Counts } from "../judge/counts.ts";
import type { Durations, LatencyFigures } from "../run-figures.ts";
import type { RunResult } from "../run-result.ts";
import type { RunContext } from "../records/run-context.ts";
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
  { latency, lateness, delivery, receivedEarly }: Counts<DurationHistogram>,
  engine: EngineObservation | null,
  { withoutLedger }: Pick<RunContext, "withoutLedger">,
): RunResult["latency"] {
  // A publish time after the read is wrong, and so may be every other one.
  if (withoutLedger !== null && receivedEarly.count > 0) return null;
  const [total, late, delivered] = [latency, lateness, delivery].map(durationsOf);
  if (!total || !delivered) return null;
  return {
    total: asRead(total, engine),
    // Both times are the publisher's, so the engine has no part in it.
    lateness: { ...(late ?? NO_SAMPLES), resolved: true, floorMs: 0 },
    delivery: asRead(delivered, engine),
  };
}

/** Without a ledger, events state when they were published, and not when they were due. */
const NO_SAMPLES: Durations = { samples: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };

/** A duration that ends with the engine's read. */
function asRead(durations: Durations, engine: EngineObservation | null): LatencyFigures {
  const floorMs = engine?.clockErrorMs ?? engine?.publishClockErrorMs ?? 0;
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
