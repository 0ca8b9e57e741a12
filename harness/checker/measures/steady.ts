import type { Counts } from "../judge/counts.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { SteadyFigures } from "../run-figures.ts";

const HOUR_MS = 3_600_000;
/** Of the standard normal distribution, one-sided 95 %. */
const Z_95 = 1.645;

/** The time without a bounce, from the end of the warm-up on. Null without a load. */
export function steadyWindow({
  measuredMs,
  deployStartMs,
  drainStartedMs,
}: Pick<RunContext, "measuredMs" | "deployStartMs" | "drainStartedMs">): {
  fromMs: number;
  toMs: number;
} | null {
  if (measuredMs === null || drainStartedMs === null) return null;
  const toMs = Math.min(deployStartMs ?? Infinity, drainStartedMs);
  return toMs > measuredMs ? { fromMs: measuredMs, toMs } : null;
}

/** Milliseconds that all streams together were open within [fromMs, toMs]. */
export function streamMs(
  { sessions }: Pick<RunRecord, "sessions">,
  fromMs: number,
  toMs: number,
): number {
  let sumMs = 0;
  for (const session of sessions.values()) {
    for (const { subscribedMs, endedMs } of session.connections())
      sumMs += Math.max(0, Math.min(endedMs, toMs) - Math.max(subscribedMs, fromMs));
  }
  return sumMs;
}

/** Losses over streams and time, while nothing was bounced. Null without ledgers. */
export function measureSteady(
  record: RunRecord,
  context: RunContext,
  { lostAtMs, incidentsAtMs }: Counts,
): SteadyFigures | null {
  const window = steadyWindow(context);
  // Without a ledger, nothing tells when a missing event was published.
  if (window === null || context.withoutLedger !== null) return null;
  const { fromMs, toMs } = window;
  const hours = streamMs(record, fromMs, toMs) / HOUR_MS;
  if (hours === 0) return null;
  const within = (times: readonly number[]): number =>
    times.reduce((found, atMs) => found + Number(atMs >= fromMs && atMs < toMs), 0);
  const lost = [...lostAtMs.values()].reduce((sum, times) => sum + within(times), 0);
  const incidents = within(incidentsAtMs);
  return {
    streamHours: hours,
    lost,
    incidents,
    lossesPerStreamHour: lost / hours,
    incidentsPerStreamHour: incidents / hours,
    incidentsPerStreamHourAtMost: poissonAtMost(incidents) / hours,
  };
}

/**
 * One-sided 95 % upper bound of the mean of a Poisson count: Byar's approximation, 1 % below the
 * exact 3.00 for a count of 0 and closer for others (Breslow and Day, IARC 82, 1987, p. 69).
 */
export function poissonAtMost(count: number): number {
  const next = count + 1;
  return next * (1 - 1 / (9 * next) + Z_95 / (3 * Math.sqrt(next))) ** 3;
}
