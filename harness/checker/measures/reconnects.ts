import { bounceThatCut } from "../records/bounces.ts";
import { sortedIndices, valueAt } from "../records/numeric-column.ts";
import { DurationHistogram, roundMs } from "./histogram.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { RunResult } from "../run-result.ts";
import type { Connection, SessionRecord } from "../records/session-record.ts";

/**
 * How clients came back.
 *
 * - `count`: every `connected` after the first of its session. `downtimeMs`: from the end of the
 *   stream before it.
 * - `peakPerSecond`: most reconnect attempts (confirmed or failed) in any sliding one-second window
 *   [t, t + 1 s).
 * - `timeTo95Ms`, `timeTo100Ms`: over all cuts, each from the start of the bounce that cut the
 *   stream until the session's next stream. A rolling deploy is several bounces and may cut a
 *   session several times. Null if nothing was cut, or if fewer cuts than that share were followed
 *   by another stream.
 */
export function measureReconnects(
  record: RunRecord,
  { bounces }: RunContext,
): RunResult["reconnects"] {
  const downtime = new DurationHistogram();
  const attemptsMs: number[] = [];
  const backMs: number[] = [];
  let count = 0;
  let cuts = 0;
  for (const session of record.sessions.values()) {
    const connections = session.connections();
    const [first, ...later] = connections;
    if (first === undefined) continue;
    count += later.length;
    attemptsMs.push(...attemptsOf(session, connections));
    for (const [index, { connectedMs }] of later.entries()) {
      const endedMs = connections[index]?.endedMs ?? Infinity;
      if (endedMs < Infinity) downtime.record(connectedMs - endedMs);
    }
    for (const [index, connection] of connections.entries()) {
      const bounce = bounceThatCut(bounces, connection);
      if (bounce === undefined) continue;
      cuts++;
      const next = connections[index + 1];
      if (next !== undefined) backMs.push(next.connectedMs - bounce.startedMs);
    }
  }
  backMs.sort((a, b) => a - b);
  const timeTo = (share: number): number | null => {
    const back = backMs[Math.ceil(cuts * share) - 1];
    return back === undefined ? null : roundMs(back);
  };
  return {
    count,
    downtimeMs: downtime.empty
      ? null
      : { p50: downtime.percentileMs(50), p99: downtime.percentileMs(99), max: downtime.maxMs },
    timeTo95Ms: timeTo(0.95),
    timeTo100Ms: timeTo(1),
    peakPerSecond: peakPerSecond(attemptsMs),
  };
}

/**
 * When a session sent its attempts after its first stream; histories older than that tell only when
 * they were answered.
 */
export function attemptsOf(
  { connectFailed }: SessionRecord,
  connections: readonly Connection[],
): number[] {
  const [first, ...later] = connections;
  if (first === undefined) return [];
  const failed = connectFailed.filter(({ atMs }) => atMs > first.connectedMs);
  return [
    ...later.map(({ attemptMs, connectedMs }) => attemptMs ?? connectedMs),
    ...failed.map(({ attemptMs, atMs }) => attemptMs ?? atMs),
  ];
}

/** Most of these times within a second. */
export function peakPerSecond(atMs: readonly number[]): number {
  const order = sortedIndices(atMs.length, (a, b) => valueAt(atMs, a) - valueAt(atMs, b));
  let peak = 0;
  let first = 0;
  for (let last = 0; last < order.length; last++) {
    const nowMs = valueAt(atMs, valueAt(order, last));
    while (nowMs - valueAt(atMs, valueAt(order, first)) >= 1000) first++;
    peak = Math.max(peak, last - first + 1);
  }
  return peak;
}
