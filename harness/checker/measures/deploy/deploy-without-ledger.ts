import type { Counts } from "../../judge/counts.ts";
import type { RunContext } from "../../records/run-context.ts";
import type { RunRecord } from "../../records/run-record.ts";
import type { SessionRecord } from "../../records/session-record.ts";
import type { DeployFigures } from "../../run-figures.ts";
import { spreadOf } from "../spread.ts";

/**
 * What a deploy took from the streams that received events until it began. Streams that had gone
 * silent before it are left out: it took nothing from them. Null with ledgers.
 */
export function measureDeployWithoutLedger(
  { sessions }: RunRecord,
  { withoutLedger, deployStartMs, silentAfterMs }: RunContext,
  { missedSeries }: Counts,
): DeployFigures["withoutLedger"] {
  if (withoutLedger === null || deployStartMs === null) return null;
  const missed: number[] = [];
  let stuck = 0;
  for (const session of sessions.values()) {
    if (!wasReceiving(session, deployStartMs, silentAfterMs)) continue;
    const since = (missedSeries.get(session.name) ?? []).filter(
      ({ afterMs }) => afterMs === null || afterMs >= deployStartMs,
    );
    missed.push(since.reduce((sum, { count }) => sum + count, 0));
    if (!session.sawTerminal) stuck++;
  }
  return { missed: spreadOf(missed), stuck: withoutLedger.terminal ? stuck : 0, of: missed.length };
}

/** True if a stream was open at that time, and an event came just before. */
function wasReceiving(session: SessionRecord, atMs: number, silentAfterMs: number): boolean {
  const isOpen = session
    .connections()
    .some(({ subscribedMs, endedMs }) => subscribedMs <= atMs && endedMs >= atMs);
  return (
    isOpen &&
    [...session.epochs.values()].some(({ received }) =>
      received.atMs.some((receivedMs) => receivedMs <= atMs && receivedMs >= atMs - silentAfterMs),
    )
  );
}
