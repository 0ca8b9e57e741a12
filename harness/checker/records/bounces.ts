import type { BounceKind, BounceObservation } from "../../history/observation.ts";
import { KINDS_OF_BOUNCE } from "../../nemesis/kinds.ts";
import { findLast } from "./numeric-column.ts";
import type { RunRecord } from "./run-record.ts";
import { isCut, type Connection } from "./session-record.ts";
import { CLOCK_TOLERANCE_MS, NOTICE_MS } from "../thresholds.ts";

/** The target of a bounce of every instance. */
export const ALL_INSTANCES = "all";

/** One bounce of one target, with its start and end. */
export interface Bounce {
  kind: BounceKind;
  target: string;
  /**
   * True if a stream without an instance may hang on it. Such a stream comes from the broker, or
   * from a service that does not name its instances.
   */
  carriesUnnamed: boolean;
  startedMs: number;
  endedMs: number | null;
  error: string | null;
}

/** The run's bounces by start; by end if the start is not on record. */
export function collectBounces({ bounces, run }: RunRecord): Bounce[] {
  const namesUnknown = run?.withoutLedger !== undefined;
  const byPlace = new Map<string, BounceObservation[]>();
  for (const observation of bounces) {
    const { bounce, kind, target } = observation;
    const place = JSON.stringify([bounce, kind, target]);
    byPlace.set(place, [...(byPlace.get(place) ?? []), observation]);
  }
  return [...byPlace]
    .map(([place, observations]) => ({ place, bounce: toBounce(observations, namesUnknown) }))
    .sort((a, b) => a.bounce.startedMs - b.bounce.startedMs || (a.place < b.place ? -1 : 1))
    .map(({ bounce }) => bounce);
}

export interface Cut {
  bounce: Bounce;
  /** True if the stream hung on something else than the bounce's target. */
  collateral: boolean;
}

/**
 * The bounce that cut a stream: the last one of what the stream hung on, else the last one at all.
 * It had started by then, and had not been over for longer than the notice time. Undefined without
 * one, or if the stream was not cut.
 */
export function cutOf(bounces: readonly Bounce[], connection: Connection): Cut | undefined {
  if (!isCut(connection)) return undefined;
  const { endedMs } = connection;
  const near = bounces.filter(
    (bounce) => bounce.startedMs <= endedMs && endedMs <= (bounce.endedMs ?? Infinity) + NOTICE_MS,
  );
  const own = findLast(near, (bounce) => carries(bounce, connection));
  const bounce = own ?? near.at(-1);
  return bounce === undefined ? undefined : { bounce, collateral: own === undefined };
}

export const bounceThatCut = (
  bounces: readonly Bounce[],
  connection: Connection,
): Bounce | undefined => cutOf(bounces, connection)?.bounce;

const carries = ({ kind, target, carriesUnnamed }: Bounce, { instance }: Connection): boolean => {
  if (instance === undefined) return carriesUnnamed;
  const all = target === ALL_INSTANCES || KINDS_OF_BOUNCE[kind].group === "router";
  return all || target === instance;
};

/** True if a bounce froze the instance at that time. It needs a moment to catch up. */
export const wasFrozen = (bounces: readonly Bounce[], instance: string, atMs: number): boolean =>
  bounces.some(
    ({ kind, target, startedMs, endedMs }) =>
      kind === "pause" &&
      target === instance &&
      atMs >= startedMs &&
      atMs <= (endedMs ?? Infinity) + NOTICE_MS,
  );

/**
 * True if a bounce kept one of these instances from the broker at that time, or the broker from
 * all. Afterwards they need a moment to find it again.
 */
export const brokerWasKeptFrom = (
  bounces: readonly Bounce[],
  instances: readonly (string | undefined)[],
  atMs: number,
): boolean =>
  bounces.some(({ kind, target, startedMs, endedMs }) => {
    const { group, harms } = KINDS_OF_BOUNCE[kind];
    if (harms !== "broker" && harms !== "log") return false;
    if (group !== "redis" && !instances.includes(target)) return false;
    return atMs >= startedMs - CLOCK_TOLERANCE_MS && atMs <= (endedMs ?? Infinity) + NOTICE_MS;
  });

function toBounce(observations: readonly BounceObservation[], namesUnknown: boolean): Bounce {
  const timesOf = (wanted: BounceObservation["state"]): number[] =>
    observations.filter(({ state }) => state === wanted).map(({ atMs }) => atMs);
  const ends = timesOf("ended");
  const starts = timesOf("started");
  const [{ kind, target }] = observations as [BounceObservation];
  return {
    kind,
    target,
    carriesUnnamed: namesUnknown || KINDS_OF_BOUNCE[kind].group === "realtime",
    startedMs: Math.min(...(starts.length > 0 ? starts : ends)),
    endedMs: ends.length > 0 ? Math.max(...ends) : null,
    error: observations.flatMap(({ error }) => error ?? []).sort()[0] ?? null,
  };
}
