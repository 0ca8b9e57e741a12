import type { Streams } from "./streams.ts";
import type { UnpublishedReason } from "./unpublished-reason.ts";
import type { RunContext } from "../records/run-context.ts";
import type { Connection } from "../records/session-record.ts";
import { LATE_PUBLISH_MS, SUBSCRIBE_TOLERANCE_MS } from "../thresholds.ts";

/**
 * Exactly one for each due pair. `missed`: it never arrived, and without a ledger nothing tells
 * whether it was lost or never published. With a ledger, no pair is missed.
 */
export const OUTCOMES = [
  "delivered",
  "recovered",
  "lost",
  "neverPublished",
  "missed",
  "indeterminate",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * The denominator of every share of lost pairs. What was never published cannot be lost, and what
 * is indeterminate is on neither side.
 */
export const knownToBePublished = ({
  delivered,
  recovered,
  lost,
}: Readonly<Record<"delivered" | "recovered" | "lost", number>>): number =>
  delivered + recovered + lost;

/** 0 of nothing. */
export const shareOf = (pairs: number, all: number): number => (all === 0 ? 0 : pairs / all);

/**
 * A pair that was received. `recovered` if its stream began after the publication, so that only a
 * replay can have brought it. An instance without replay delivers everything live, no matter how
 * long the broker held it. Events with a hand-over time are live too: replayed log entries have
 * none.
 * @param publishedMs null if no ledger records it
 * @param sentMs null if the event does not carry it
 */
export function outcomeOfReceived(
  publishedMs: number | null,
  connection: Pick<Connection, "resume" | "subscribedMs"> | undefined,
  sentMs: number | null,
): "delivered" | "recovered" {
  if (publishedMs === null || connection === undefined) return "delivered";
  if (sentMs !== null || connection.resume === "unsupported") return "delivered";
  return publishedMs < connection.subscribedMs - SUBSCRIBE_TOLERANCE_MS ? "recovered" : "delivered";
}

/**
 * A pair that was published and never received: lost, unless the observation ended too early to
 * know.
 */
export function outcomeOfMissed(
  publishedMs: number,
  streams: Streams,
  { drainEndedMs }: RunContext,
): "lost" | "indeterminate" {
  if (publishedMs >= drainEndedMs) return "indeterminate";
  const connection = streams.at(publishedMs);
  if (connection === undefined) return "lost";
  const { endReason, endedMs } = connection;
  const cutByUs = endReason === "drained" || endedMs >= drainEndedMs;
  const observedUntilMs = Math.min(endedMs, drainEndedMs);
  return cutByUs && publishedMs >= observedUntilMs - LATE_PUBLISH_MS ? "indeterminate" : "lost";
}

/** A planned pair that no ledger records and no client received. */
export const outcomeOfUnpublished = (
  reason: UnpublishedReason,
): "neverPublished" | "indeterminate" =>
  reason === "unrecorded" || reason === "running" ? "indeterminate" : "neverPublished";
