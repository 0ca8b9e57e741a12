import type { BounceKind, BounceObservation } from "../history/observation.ts";
import type { RunContext } from "./run-context.ts";
import { roundMs } from "./run-context.ts";
import type { RunRecord } from "./run-record.ts";
import type { RunResult } from "./run-result.ts";

/** One disturbance of one target, start and end put together. */
export interface Bounce {
  kind: BounceKind;
  target: string;
  number: number;
  startedMs: number;
  endedMs: number | null;
  error: string | null;
}

/** The run's disturbances by their start. An end without a start is an unfinished record and counts from its end. */
export function collectBounces({ bounces }: RunRecord): Bounce[] {
  const byPlace = new Map<string, Bounce>();
  for (const observation of bounces) {
    const place = JSON.stringify([observation.bounce, observation.target]);
    const bounce = byPlace.get(place) ?? createBounce(observation);
    byPlace.set(place, bounce);
    if (observation.state === "started") {
      bounce.startedMs = Math.min(bounce.startedMs, observation.atMs);
    } else {
      bounce.endedMs = Math.max(bounce.endedMs ?? -Infinity, observation.atMs);
      bounce.error = observation.error ?? bounce.error;
    }
  }
  return [...byPlace.values()].sort(
    (a, b) => a.startedMs - b.startedMs || a.number - b.number || (a.target < b.target ? -1 : 1),
  );
}

const createBounce = ({ kind, target, bounce, atMs }: BounceObservation): Bounce => ({
  kind,
  target,
  number: bounce,
  startedMs: atMs,
  endedMs: null,
  error: null,
});

/**
 * What each disturbance cost: pairs lost by their publication, and reconnects by their confirmation, from its start to the next
 * one's start (or the end). Times are relative to load-started, or to the clock's zero in a history without one.
 */
export function measureBounces(
  record: RunRecord,
  { loadStartedMs }: RunContext,
  lostAtMs: readonly number[],
): RunResult["bounces"] {
  const bounces = collectBounces(record);
  const zeroMs = loadStartedMs ?? 0;
  const reconnectedMs = [...record.sessions.values()].flatMap((session) =>
    session
      .connections()
      .slice(1)
      .map(({ connectedMs }) => connectedMs),
  );
  return bounces.map(({ kind, target, startedMs, endedMs }, index) => {
    const untilMs = bounces[index + 1]?.startedMs ?? Infinity;
    const within = (times: readonly number[]): number =>
      times.reduce((found, atMs) => found + Number(atMs >= startedMs && atMs < untilMs), 0);
    return {
      kind,
      target,
      startedMs: roundMs(startedMs - zeroMs),
      endedMs: endedMs === null ? null : roundMs(endedMs - zeroMs),
      lost: within(lostAtMs),
      reconnects: within(reconnectedMs),
    };
  });
}
