import { dropsByNumber, type DropReason } from "../records/epoch-record.ts";
import { roundMs } from "./histogram.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { RunResult } from "../run-result.ts";
import type { Counts } from "../judge/counts.ts";

/** What the broker's limits did, with its messages. Null if they did nothing. */
export function measureQuota(
  record: RunRecord,
  { facts, drainEndedMs }: RunContext,
  { neverAdmitted }: Counts,
): RunResult["quota"] {
  let refusedAttempts = 0;
  let cutStreams = 0;
  const words = new Set<string>();
  for (const { connectFailed, disconnected } of record.sessions.values()) {
    const ends = [...disconnected.values()].filter(({ reason }) => reason === "quota");
    for (const { quota, reason, atMs } of connectFailed) {
      // A client that stays away records the stream's end again: that is no attempt.
      if (quota !== true || ends.some((end) => end.atMs === atMs && end.detail === reason))
        continue;
      refusedAttempts++;
      words.add(reason);
    }
    for (const { detail = "" } of ends) {
      cutStreams++;
      words.add(detail);
    }
  }
  const droppedEvents = countDrops(record, "quota");
  const heldBackMs = roundMs(facts.longestLimitMs(drainEndedMs));
  if (refusedAttempts + cutStreams + droppedEvents + heldBackMs === 0) return null;
  return {
    neverAdmitted,
    refusedAttempts,
    cutStreams,
    droppedEvents,
    heldBackMs,
    words: [...words].filter((said) => said !== "").sort(),
  };
}

/** Events that publishers dropped for that reason. */
export function countDrops({ sessions }: RunRecord, wanted: DropReason): number {
  let count = 0;
  for (const { epochs } of sessions.values()) {
    for (const epoch of epochs.values()) {
      for (const reason of dropsByNumber(epoch).values()) if (reason === wanted) count++;
    }
  }
  return count;
}
