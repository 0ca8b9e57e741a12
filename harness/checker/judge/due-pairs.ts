/**
 * Which (event, subscriber) pairs are due. Two kinds:
 *
 * - planned: the numbers 1 to `events` of the session's first epoch, whatever became of the session. A session that never
 *   connected, or whose pipeline never started, keeps its pairs: leaving it out would make a topology look better the worse it does.
 * - extra: any other published event (another epoch, or beyond the plan) from the session's first subscription until the drain
 *   ended, or until the client left of its own will. Time between two connections counts.
 */
import { findLast } from "../records/numeric-column.ts";
import type { RunContext } from "../records/run-context.ts";
import type { Connection, SessionRecord } from "../records/session-record.ts";

/**
 * The epoch that the plan is about: the one whose pipeline started first. When no ledger tells of a start, the one that
 * was published, then received first: a missing ledger must not turn what a client did read into something foreign.
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
    earliest((name) =>
      session
        .epoch(name)
        .pipelines.filter(({ state }) => state === "started")
        .map(({ atMs }) => atMs),
    ) ??
    earliest((name) => session.epoch(name).published.atMs) ??
    earliest((name) => session.epoch(name).received.atMs)
  );
}

export interface DueWindow {
  fromMs: number;
  toMs: number;
}

/** When an event outside the plan is due for a session with these streams. Empty when it never had one. */
export function dueWindow(connections: readonly Connection[], { drainEndedMs }: RunContext): DueWindow {
  const first = connections[0];
  if (first === undefined) return { fromMs: Infinity, toMs: -Infinity };
  const left = connections.find(({ endReason }) => endReason === "finished");
  return { fromMs: first.subscribedMs, toMs: Math.min(drainEndedMs, left?.endedMs ?? Infinity) };
}

/** The stream that was subscribed at that time, as far as the client knew. */
export function connectionAt(connections: readonly Connection[], atMs: number): Connection | undefined {
  return findLast(connections, ({ subscribedMs, endedMs }) => subscribedMs <= atMs && atMs < endedMs);
}
