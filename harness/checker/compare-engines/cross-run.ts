import type { EngineObservation, RunObservation } from "../../history/observation.ts";
import { highestByConnection } from "../records/epoch-record.ts";
import { judgeRecord, unjudged } from "../judge/judge-record.ts";
import type { OnPair } from "../judge/judge-epoch.ts";
import type { Outcome } from "../judge/outcome.ts";
import { createRunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { RunResult } from "../run-result.ts";
import type { SessionRecord } from "../records/session-record.ts";

/** One judged run, as {@link crossCheck} sets it beside the same run of another engine. */
export interface CrossRun {
  topology: string;
  bounce: RunResult["bounce"];
  repeat: number;
  verdict: RunResult["verdict"];
  /** Without the set-up notes. */
  reasons: readonly string[];
  /** Its losses are drawn anew in each run. */
  byChance: boolean;
  /** Of a pipeline, by the plan, seconds. */
  durationS: number;
  /** How long the run's disturbances lasted, one after the other, milliseconds. */
  bouncedMs: number;
  clockErrorMs: EngineObservation["clockErrorMs"];
  /** Of the plan, by name. */
  sessions: ReadonlyMap<string, CrossSession>;
  /** Events that are none of a run: the sessions that read them, by the event's name. */
  strays: ReadonlyMap<string, Tallied>;
  /** Sessions that came back to an instance as if they had never had an event, and how often. */
  forgetful: Tallied;
}

/** What one session of the plan saw. */
export interface CrossSession {
  /** Of the planned pairs, by their number from 1: `outcomes[0]` is the first event's. */
  outcomes: Outcome[];
  /** Pairs that were due beyond the plan. */
  beyond: number;
  duplicated: number;
  connections: number;
  ended: boolean;
}

/** A count, and the sessions that it is made of. */
export interface Tallied {
  count: number;
  sessions: readonly string[];
}

/** Judges a whole run for a cross-check. A checker that fails makes it unknown, as in {@link judgeSafely}. */
export function crossRunOf(record: RunRecord): CrossRun {
  const planned = [...record.sessions.values()].filter(({ planned }) => planned !== null);
  const sessions = new Map(planned.map((session) => [session.name, crossSessionOf(session)]));
  const { topology, bounce, repeat, verdict, reasons } = judge(record, (pair) => {
    const session = sessions.get(pair.session);
    if (session === undefined) return;
    if (pair.planned) session.outcomes[pair.seq - 1] = pair.outcome;
    else session.beyond++;
  });
  const run: RunObservation | null = record.run;
  return {
    topology,
    bounce,
    repeat,
    verdict,
    reasons: reasons.slice(run?.notes.length ?? 0),
    byChance: run?.promise.routedByChance ?? false,
    durationS: run?.load.durationS ?? 0,
    bouncedMs: createRunContext(record).bounces.reduce(
      (sum, { startedMs, endedMs }) => sum + (endedMs === null ? 0 : endedMs - startedMs),
      0,
    ),
    clockErrorMs: record.engine?.clockErrorMs,
    sessions,
    strays: straysOf(record),
    forgetful: talliedBy(record, forgottenBy),
  };
}

function judge(record: RunRecord, onPair: OnPair): RunResult {
  try {
    return judgeRecord(record, onPair);
  } catch (error) {
    return unjudged(record, error);
  }
}

const crossSessionOf = (session: SessionRecord): CrossSession => ({
  outcomes: [],
  beyond: 0,
  duplicated: [...session.epochs.values()].reduce(
    (sum, { received }) => sum + received.seq.length - new Set(received.seq).size,
    0,
  ),
  connections: session.connected.size,
  ended: session.sawTerminal,
});

/**
 * Streams of an instance that say that they were asked for nothing missed (`resume` is `none`), although an earlier stream of the session had
 * brought an event: the client sent no Last-Event-ID. An instance that keeps no events says `unsupported` to one. A stream of
 * the broker's own has no such header.
 */
function forgottenBy(session: SessionRecord): number {
  const firstWithEvent = [...session.epochs.values()]
    .flatMap((epoch) => [...highestByConnection(epoch).keys()])
    .reduce((least, connection) => Math.min(least, connection), Infinity);
  return [...session.connected.values()].filter(
    ({ connection, instance, resume }) =>
      instance !== undefined && resume === "none" && connection > firstWithEvent,
  ).length;
}

function talliedBy({ sessions }: RunRecord, countOf: (session: SessionRecord) => number): Tallied {
  const counts = [...sessions.values()]
    .map((session) => ({ name: session.name, count: countOf(session) }))
    .filter(({ count }) => count > 0);
  return {
    count: counts.reduce((sum, { count }) => sum + count, 0),
    sessions: counts.map(({ name }) => name),
  };
}

function straysOf(record: RunRecord): Map<string, Tallied> {
  const names = new Set([...record.sessions.values()].flatMap(({ strays }) => [...strays.keys()]));
  return new Map([...names].map((name) => [name, talliedBy(record, ({ strays }) => strays.get(name) ?? 0)]));
}
