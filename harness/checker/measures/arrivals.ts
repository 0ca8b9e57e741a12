import type { Counts } from "../judge/counts.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { SessionRecord } from "../records/session-record.ts";
import type { ArrivalFigures } from "../run-figures.ts";
import { DurationHistogram } from "./histogram.ts";
import { durationsOf } from "./latency.ts";
import { spreadOf } from "./spread.ts";

/** What arrived at planned sessions of a service without a ledger. Null with ledgers. */
export function measureArrivals(
  { sessions }: RunRecord,
  { withoutLedger, drainStartedMs }: RunContext,
  { missedIn }: Counts,
): ArrivalFigures | null {
  if (withoutLedger === null) return null;
  const perSession: number[] = [];
  const silences = new DurationHistogram();
  let events = 0;
  for (const session of sessions.values()) {
    if (session.planned === null) continue;
    const atMs = [...session.epochs.values()]
      .flatMap(({ received }) => received.atMs)
      .sort((a, b) => a - b);
    events += atMs.length;
    perSession.push(atMs.length);
    const silenceMs = longestSilence(session, atMs, drainStartedMs);
    if (silenceMs !== null) silences.record(silenceMs);
  }
  return {
    ...withoutLedger,
    missedIn,
    events,
    perSession: spreadOf(perSession),
    silenceMs: durationsOf(silences),
  };
}

/**
 * The longest time without an event: from the first confirmed stream to the end of the work, or to
 * the start of the drain if no end came. Null without a stream.
 */
function longestSilence(
  { connected, sawTerminal }: SessionRecord,
  atMs: readonly number[],
  drainStartedMs: number | null,
): number | null {
  if (connected.size === 0) return null;
  const firstMs = Math.min(...[...connected.values()].map((stream) => stream.atMs));
  const lastMs = atMs.at(-1) ?? firstMs;
  const endMs = sawTerminal ? lastMs : Math.max(lastMs, drainStartedMs ?? lastMs);
  let longestMs = 0;
  let beforeMs = firstMs;
  for (const nextMs of [...atMs, endMs]) {
    longestMs = Math.max(longestMs, nextMs - beforeMs);
    beforeMs = Math.max(beforeMs, nextMs);
  }
  return longestMs;
}
