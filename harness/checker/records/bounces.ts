import type { BounceKind, BounceObservation } from "../../history/observation.ts";
import { findLast } from "./numeric-column.ts";
import type { RunRecord } from "./run-record.ts";
import { isCut, type Connection } from "./session-record.ts";
import { NOTICE_MS } from "../thresholds.ts";

/** One bounce of one target, with its start and end. */
export interface Bounce {
  kind: BounceKind;
  target: string;
  startedMs: number;
  endedMs: number | null;
  error: string | null;
}

/** The run's bounces by start; by end if the start is not on record. */
export function collectBounces({ bounces }: RunRecord): Bounce[] {
  const byPlace = new Map<string, BounceObservation[]>();
  for (const observation of bounces) {
    const { bounce, kind, target } = observation;
    const place = JSON.stringify([bounce, kind, target]);
    byPlace.set(place, [...(byPlace.get(place) ?? []), observation]);
  }
  return [...byPlace]
    .map(([place, observations]) => ({ place, bounce: toBounce(observations) }))
    .sort((a, b) => a.bounce.startedMs - b.bounce.startedMs || (a.place < b.place ? -1 : 1))
    .map(({ bounce }) => bounce);
}

/**
 * The bounce that cut a stream: the last one that had started by then. Undefined if the stream was
 * not cut, or if that bounce had been over for longer than the notice time.
 */
export function bounceThatCut(
  bounces: readonly Bounce[],
  connection: Connection,
): Bounce | undefined {
  if (!isCut(connection)) return undefined;
  const last = findLast(bounces, ({ startedMs }) => startedMs <= connection.endedMs);
  const overMs = (last?.endedMs ?? Infinity) + NOTICE_MS;
  return connection.endedMs <= overMs ? last : undefined;
}

function toBounce(observations: readonly BounceObservation[]): Bounce {
  const timesOf = (wanted: BounceObservation["state"]): number[] =>
    observations.filter(({ state }) => state === wanted).map(({ atMs }) => atMs);
  const ends = timesOf("ended");
  const starts = timesOf("started");
  const [{ kind, target }] = observations as [BounceObservation];
  return {
    kind,
    target,
    startedMs: Math.min(...(starts.length > 0 ? starts : ends)),
    endedMs: ends.length > 0 ? Math.max(...ends) : null,
    error: observations.flatMap(({ error }) => error ?? []).sort()[0] ?? null,
  };
}
