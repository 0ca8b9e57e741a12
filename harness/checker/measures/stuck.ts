import { firstEpochOf } from "../judge/due-pairs.ts";
import { isStillReceiving } from "../judge/session.ts";
import {
  lastObstacle,
  unpublishedReason,
  type UnpublishedReason,
} from "../judge/unpublished-reason.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { SessionRecord } from "../records/session-record.ts";
import type { StuckReasons } from "../run-figures.ts";

/** Why the planned sessions without a terminal event are stuck. */
export function measureStuck({ sessions }: RunRecord, context: RunContext): StuckReasons {
  const reasons: StuckReasons = {
    died: 0,
    terminalLost: 0,
    gaveUp: 0,
    neverStarted: 0,
    open: 0,
    untold: 0,
  };
  if (context.withoutLedger?.terminal === false) return reasons;
  for (const session of sessions.values()) {
    if (session.planned !== null && !session.sawTerminal) reasons[reasonOf(session, context)]++;
  }
  return reasons;
}

/** Dead by the end of the drain, with its instance or by an abort. */
export const isDead = (reason: UnpublishedReason): boolean =>
  reason === "died" || reason === "aborted";

function reasonOf(session: SessionRecord, context: RunContext): keyof StuckReasons {
  if (context.withoutLedger !== null) return reasonAsSeen(session, context);
  const epoch = session.epochs.get(firstEpochOf(session) ?? "");
  const reason = unpublishedReason(session, epoch, context);
  if (isDead(reason)) return "died";
  if (reason === "completed-without") return hasGivenUp(session) ? "gaveUp" : "terminalLost";
  return reason === "running" || reason === "at-gate" || reason === "unrecorded"
    ? "open"
    : "neverStarted";
}

/** What the client's side alone tells. */
function reasonAsSeen(session: SessionRecord, context: RunContext): keyof StuckReasons {
  if (isStillReceiving(session, context)) return "open";
  if (hasGivenUp(session)) return "gaveUp";
  const hasNothing = session.epochs.size === 0;
  return hasNothing && lastObstacle(session, context) !== undefined ? "neverStarted" : "untold";
}

function hasGivenUp({ connected, connectFailed }: SessionRecord): boolean {
  const lastMs = Math.max(...[...connected.values()].map(({ atMs }) => atMs));
  return connectFailed.some(({ fatal, atMs }) => fatal && atMs >= lastMs);
}
