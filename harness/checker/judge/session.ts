import type { WithoutLedger } from "../../history/observation.ts";
import { bounceThatCut, cutOf } from "../records/bounces.ts";
import { dueWindow, firstEpochOf } from "./due-pairs.ts";
import { createEpochRecord } from "../records/epoch-record.ts";
import { ArrivalsJudge } from "./arrivals.ts";
import { EpochJudge } from "./epoch.ts";
import type { OnPair } from "./judged-pair.ts";
import type { RunContext } from "../records/run-context.ts";
import { isCut, type Connection, type SessionRecord } from "../records/session-record.ts";
import type { Counts } from "./counts.ts";
import { Streams } from "./streams.ts";
import { lastObstacle, wasDelayedByLimit } from "./unpublished-reason.ts";

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
    streams: new Streams(connections, session.connectFailed),
    byNumber: new Map(connections.map((connection) => [connection.connection, connection])),
    window: dueWindow(connections, context),
    delayedByLimit: wasDelayedByLimit(session),
    mayComeBack: isAway(session, connections) && !neverCameBack(session, connections, context),
    stillReceiving: isStillReceiving(session, context),
  };
  counts.cutUndisturbed += connections.filter((connection) =>
    wasCutUndisturbed(connection, context),
  ).length;
  for (const connection of session.disconnected.keys()) {
    if (facts.byNumber.has(connection)) continue;
    counts.contradictions.add(
      `${session.name}'s connection ${connection} ended, but was never confirmed`,
    );
  }

  const { withoutLedger } = context;
  const firstEpoch = firstEpochOf(session);
  const plannedEvents = session.planned?.events ?? 0;
  const epochs = [...session.epochs.values()];
  // Without any epoch the plan's pairs are still due.
  if (firstEpoch === undefined) epochs.push(createEpochRecord(""));
  let missed = 0;
  for (const epoch of epochs) {
    const isPlanned = epoch.epoch === (firstEpoch ?? "");
    if (withoutLedger === null) {
      const planned = isPlanned ? plannedEvents : 0;
      missed += new EpochJudge(facts, epoch, planned, context, counts, onPair).judge();
    } else {
      const planned = isPlanned && withoutLedger.total ? plannedEvents : null;
      missed += new ArrivalsJudge(facts, epoch, planned, context, counts, onPair).judge();
    }
  }

  for (const [name, count] of session.strays) {
    counts.unexpected += count;
    counts.strays.set(name, (counts.strays.get(name) ?? 0) + count);
  }

  if (session.planned === null) return;
  counts.sessions++;
  if (connections.length === 0) counts.neverConnected++;
  else if (firstEpoch === undefined && withoutLedger === null) counts.neverStarted++;
  else if (firstEpoch === undefined) counts.nothingArrived++;
  if (session.connectFailed.some(({ fatal }) => fatal)) counts.gaveUp++;
  if (withoutLedger !== null && firstEpoch === undefined) countObstacle(session, context, counts);
  if (session.sawTerminal) return;
  if (neverCameBack(session, connections, context)) counts.neverCameBack++;
  if (withoutLedger?.terminal === false) return;
  counts.stuckStreams++;
  if (facts.stillReceiving) counts.stillReceiving++;
  // If only a terminal event tells how many events are due, what follows the last one is unknown.
  else if (missed === 0 && (withoutLedger === null || tellsAll(withoutLedger)))
    counts.stuckWithoutMiss++;
}

/** True if every due event is known, though without a ledger. */
const tellsAll = ({ sequence, total }: WithoutLedger): boolean => sequence && total;

/**
 * True if events still arrived when the drain ended, so that later ones may have come. Ledgers tell
 * this better.
 */
export function isStillReceiving(
  { sawTerminal, epochs }: SessionRecord,
  { withoutLedger, drainEndedMs, silentAfterMs }: RunContext,
): boolean {
  if (withoutLedger === null || sawTerminal) return false;
  return [...epochs.values()].some(({ received }) =>
    received.atMs.some((atMs) => atMs >= drainEndedMs - silentAfterMs),
  );
}

/** Counts what kept a session without any event from starting its work, as clients saw it. */
function countObstacle(session: SessionRecord, context: RunContext, counts: Counts): void {
  const obstacle = lastObstacle(session, context);
  if (obstacle === undefined) return;
  const { status, atMs } = obstacle;
  if (status >= 300 && status < 500)
    counts.refusedBy.set(status, (counts.refusedBy.get(status) ?? 0) + 1);
  else if (atMs >= (context.deployStartMs ?? Infinity)) counts.keptFromStarting++;
}

/** True if the last stream was cut and the client did not give up. */
function isAway({ connectFailed }: SessionRecord, connections: readonly Connection[]): boolean {
  const last = connections.at(-1);
  return (
    last !== undefined &&
    isCut(last) &&
    !connectFailed.some(({ fatal, atMs }) => fatal && atMs >= last.endedMs)
  );
}

/** True if a stream was cut under load, but by no bounce. */
const wasCutUndisturbed = (
  connection: Connection,
  { bounces, loadStartedMs, drainStartedMs }: RunContext,
): boolean =>
  isCut(connection) &&
  connection.endedMs >= (loadStartedMs ?? Infinity) &&
  connection.endedMs <= (drainStartedMs ?? -Infinity) &&
  cutOf(bounces, connection) === undefined;

/** True if a session was cut long before the end, and away ever since. */
function neverCameBack(
  session: SessionRecord,
  connections: readonly Connection[],
  { bounces, drainEndedMs, returnMs }: RunContext,
): boolean {
  const last = connections.at(-1);
  if (last === undefined || !isAway(session, connections)) return false;
  // The rule `bounce-unfinished` covers a bounce without an end: clients cannot reconnect before
  // that.
  const overMs = bounceThatCut(bounces, last)?.endedMs ?? last.endedMs;
  return Math.max(last.endedMs, overMs) + returnMs <= drainEndedMs;
}
