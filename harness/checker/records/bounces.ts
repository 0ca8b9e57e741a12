import type { BounceKind, BounceObservation } from "../../history/observation.ts";
import { lastWhere } from "./numeric-column.ts";
import type { RunContext } from "./run-context.ts";
import { roundMs } from "../round-ms.ts";
import type { RunRecord } from "./run-record.ts";
import type { RunResult } from "../run-result.ts";
import { isCut, type Connection } from "./session-record.ts";
import { NOTICE_MS } from "../thresholds.ts";

/** One disturbance of one target, start and end put together. */
export interface Bounce {
  kind: BounceKind;
  target: string;
  startedMs: number;
  endedMs: number | null;
  error: string | null;
}

/** The run's disturbances by their start. Of one whose start is not on record, only the end is known. */
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
 * The disturbance that cut a stream: the last one that had started by then. Undefined when the stream was not cut, or when that
 * disturbance was over for longer than it takes to notice.
 */
export function bounceThatCut(bounces: readonly Bounce[], connection: Connection): Bounce | undefined {
  if (!isCut(connection)) return undefined;
  const last = lastWhere(bounces, ({ startedMs }) => startedMs <= connection.endedMs);
  const overMs = (last?.endedMs ?? Infinity) + NOTICE_MS;
  return connection.endedMs <= overMs ? last : undefined;
}

/** Of each disturbance: streams that were open when it began, and how many of these it cut. */
export function countCuts(
  { sessions }: Pick<RunRecord, "sessions">,
  bounces: readonly Bounce[],
): { open: number; cut: number }[] {
  const counts = bounces.map(() => ({ open: 0, cut: 0 }));
  if (bounces.length === 0) return counts;
  for (const session of sessions.values()) {
    for (const connection of session.connections()) {
      const cutter = bounceThatCut(bounces, connection);
      for (const [index, bounce] of bounces.entries()) {
        const { startedMs } = bounce;
        const count = counts[index];
        if (count === undefined || connection.subscribedMs > startedMs || connection.endedMs < startedMs)
          continue;
        count.open++;
        if (cutter === bounce) count.cut++;
      }
    }
  }
  return counts;
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

/**
 * What each disturbance cost: the streams it cut, pairs lost by their publication, and reconnects by their confirmation, from its start to the next
 * one's start (or the end). Times are relative to load-started, or to the clock's zero in a history without one.
 */
export function measureBounces(
  record: RunRecord,
  { bounces, loadStartedMs }: RunContext,
  lostAtMs: readonly number[],
): RunResult["bounces"] {
  const zeroMs = loadStartedMs ?? 0;
  const reconnectedMs = [...record.sessions.values()].flatMap((session) =>
    session
      .connections()
      .slice(1)
      .map(({ connectedMs }) => connectedMs),
  );
  const cuts = countCuts(record, bounces);
  return bounces.map(({ kind, target, startedMs, endedMs }, index) => {
    const untilMs = bounces[index + 1]?.startedMs ?? Infinity;
    const within = (times: readonly number[]): number =>
      times.reduce((found, atMs) => found + Number(atMs >= startedMs && atMs < untilMs), 0);
    return {
      kind,
      target,
      startedMs: roundMs(startedMs - zeroMs),
      endedMs: endedMs === null ? null : roundMs(endedMs - zeroMs),
      open: cuts[index]?.open ?? 0,
      cut: cuts[index]?.cut ?? 0,
      lost: within(lostAtMs),
      reconnects: within(reconnectedMs),
    };
  });
}
