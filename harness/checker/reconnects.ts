import { sortedIndices, valueAt } from "./column.ts";
import { DurationHistogram } from "./histogram.ts";
import { roundMs } from "./run-context.ts";
import type { RunRecord } from "./run-record.ts";
import type { RunResult } from "./run-result.ts";
import { isCut, type Connection, type SessionRecord } from "./session-record.ts";
import { NOTICE_MS } from "./thresholds.ts";

/**
 * How clients came back.
 *
 * - `count`: every `connected` after the first of its session. `downtimeMs`: from the end of the stream before it.
 * - `peakPerSecond`: most attempts (confirmed or failed, each at the time of its answer) of sessions that had a stream before,
 *   in any one-second window [t, t + 1 s), sliding, so that a storm across a full second does not look like two halves.
 * - `timeTo95Ms`, `timeTo100Ms`: over the sessions that the bounces cut at least once, i.e. whose stream ended other than by the
 *   client's will between the first bounce's start and the last one's end (plus the time to notice). A session is back with
 *   the stream that follows its last such cut: a rolling bounce may cut it several times, and only then is it over for it. The time
 *   is from the first bounce's start until that share of the cut sessions is back; null when fewer ever came back.
 */
export function measureReconnects(record: RunRecord): RunResult["reconnects"] {
  const downtime = new DurationHistogram();
  const attemptsMs: number[] = [];
  const backMs: number[] = [];
  const window = bounceWindow(record);
  let count = 0;
  let cutSessions = 0;
  for (const session of record.sessions.values()) {
    const connections = session.connections();
    const [first, ...later] = connections;
    if (first === undefined) continue;
    count += later.length;
    for (const [index, { connectedMs }] of later.entries()) {
      attemptsMs.push(connectedMs);
      const endedMs = connections[index]?.endedMs ?? Infinity;
      if (endedMs < Infinity) downtime.record(connectedMs - endedMs);
    }
    attemptsMs.push(...failedAfter(session, first.connectedMs));
    const lastCut = connections.findLast((connection) => isCutWithin(connection, window));
    if (lastCut === undefined) continue;
    cutSessions++;
    const next = connections[connections.indexOf(lastCut) + 1];
    if (next !== undefined) backMs.push(next.connectedMs - window.fromMs);
  }
  backMs.sort((a, b) => a - b);
  const timeTo = (share: number): number | null => {
    const back = backMs[Math.ceil(cutSessions * share) - 1];
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

interface Window {
  fromMs: number;
  toMs: number;
}

function bounceWindow({ bounces }: RunRecord): Window {
  const window = { fromMs: Infinity, toMs: -Infinity };
  for (const { state, atMs } of bounces) {
    if (state === "started") window.fromMs = Math.min(window.fromMs, atMs);
    window.toMs = Math.max(window.toMs, atMs + NOTICE_MS);
  }
  return window;
}

const isCutWithin = (connection: Connection, { fromMs, toMs }: Window): boolean =>
  isCut(connection) && connection.endedMs >= fromMs && connection.endedMs <= toMs;

const failedAfter = ({ connectFailed }: SessionRecord, atMs: number): number[] =>
  connectFailed.map((attempt) => attempt.atMs).filter((failedMs) => failedMs > atMs);

function peakPerSecond(atMs: readonly number[]): number {
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
