/**
 * Which (event, subscriber) pairs are due. Two kinds:
 *
 * - planned: the numbers 1 to `events` of the session's first epoch. A session that never
 *   connected, or whose pipeline never started, keeps its pairs: without them, a topology would
 *   look better the worse it does.
 * - extra: any other published event (another epoch, or beyond the plan) from the session's first
 *   subscription until the drain ended or the client left. Time between two connections counts.
 */
import { startsOf } from "../records/epoch-record.ts";
import type { RunContext } from "../records/run-context.ts";
import type { Connection, SessionRecord } from "../records/session-record.ts";

/**
 * The plan's epoch: the one whose pipeline started first. Without a recorded start, the one that
 * was published first, then the one received first: a missing ledger must not turn received events
 * into unexpected ones.
 */
export function firstEpochOf(session: SessionRecord): string | undefined {
  const earliest = (timesOf: (epoch: string) => readonly number[]): string | undefined => {
    let found: { epoch: string; atMs: number } | undefined;
    for (const epoch of [...session.epochs.keys()].sort()) {
      const atMs = timesOf(epoch).reduce((least, time) => Math.min(least, time), Infinity);
      if (atMs < (found?.atMs ?? Infinity)) found = { epoch, atMs };
    }
    return found?.epoch;
  };
  return (
    earliest((name) => startsOf(session.epoch(name)).map(({ atMs }) => atMs)) ??
    earliest((name) => session.epoch(name).published.atMs) ??
    earliest((name) => session.epoch(name).received.atMs)
  );
}

export interface DueWindow {
  fromMs: number;
  toMs: number;
}

/**
 * When an event outside the plan is due for a session with these streams. Empty without streams.
 */
export function dueWindow(
  connections: readonly Connection[],
  { drainEndedMs }: RunContext,
): DueWindow {
  const first = connections[0];
  if (first === undefined) return { fromMs: Infinity, toMs: -Infinity };
  const left = connections.find(({ endReason }) => endReason === "finished");
  return { fromMs: first.subscribedMs, toMs: Math.min(drainEndedMs, left?.endedMs ?? Infinity) };
}
