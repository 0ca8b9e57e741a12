import { bounceThatCut } from "../records/bounces.ts";
import { dueWindow, firstEpochOf } from "./due-pairs.ts";
import { createEpochRecord } from "../records/epoch-record.ts";
import { EpochJudge, type OnPair } from "./epoch.ts";
import type { RunContext } from "../records/run-context.ts";
import { isCut, type Connection, type SessionRecord } from "../records/session-record.ts";
import type { Counts } from "./counts.ts";

/**
 * Gives every due pair of one session its outcome, and every loss its cause, and adds them to the
 * counts.
 * @param onPair told each due pair, once
 */
export function judgeSession(
  session: SessionRecord,
  context: RunContext,
  counts: Counts,
  onPair?: OnPair,
): void {
  const connections = session.connections();
  const facts = {
    session,
    connections,
    byNumber: new Map(connections.map((connection) => [connection.connection, connection])),
    window: dueWindow(connections, context),
  };
  for (const connection of session.disconnected.keys()) {
    if (facts.byNumber.has(connection)) continue;
    counts.contradictions.add(
      `${session.name}'s connection ${connection} ended, but was never confirmed`,
    );
  }

  const firstEpoch = firstEpochOf(session);
  const plannedEvents = session.planned?.events ?? 0;
  const epochs = [...session.epochs.values()];
  // Without any epoch the plan's pairs are still due.
  if (firstEpoch === undefined) epochs.push(createEpochRecord(""));
  let missed = 0;
  for (const epoch of epochs) {
    const planned = epoch.epoch === (firstEpoch ?? "") ? plannedEvents : 0;
    missed += new EpochJudge(facts, epoch, planned, context, counts, onPair).judge();
  }

  for (const [name, count] of session.strays) {
    counts.unexpected += count;
    counts.strays.set(name, (counts.strays.get(name) ?? 0) + count);
  }

  if (session.planned === null) return;
  counts.sessions++;
  if (connections.length === 0) counts.neverConnected++;
  else if (firstEpoch === undefined) counts.neverStarted++;
  if (session.connectFailed.some(({ fatal }) => fatal)) counts.gaveUp++;
  if (session.sawTerminal) return;
  if (neverCameBack(session, connections, context)) counts.neverCameBack++;
  counts.stuckStreams++;
  if (missed === 0) counts.stuckWithoutMiss++;
}

/**
 * True if a stream was cut long before the end, its client did not give up, and no other stream
 * followed.
 */
function neverCameBack(
  { connectFailed }: SessionRecord,
  connections: readonly Connection[],
  { bounces, drainEndedMs, returnMs }: RunContext,
): boolean {
  const last = connections.at(-1);
  if (last === undefined || !isCut(last)) return false;
  if (connectFailed.some(({ fatal, atMs }) => fatal && atMs >= last.endedMs)) return false;
  // The rule `bounce-unfinished` covers a bounce without an end: clients cannot reconnect before
  // that.
  const overMs = bounceThatCut(bounces, last)?.endedMs ?? last.endedMs;
  return Math.max(last.endedMs, overMs) + returnMs <= drainEndedMs;
}
