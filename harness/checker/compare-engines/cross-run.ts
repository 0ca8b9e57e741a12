import type { EngineObservation, RunObservation } from "../../history/observation.ts";
import { highestByConnection } from "../records/epoch-record.ts";
import { judgeRecord, unjudged } from "../judge-run.ts";
import type { OnPair } from "../judge/judged-pair.ts";
import type { Outcome } from "../judge/outcome.ts";
import { createRunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { RunResult } from "../run-result.ts";
import type { SessionRecord } from "../records/session-record.ts";
import { meanOf, type Question, type Repeat, varianceOf } from "../statistics/judge-differences.ts";
import { CHANCE_MARGIN } from "../thresholds.ts";

/** One judged run, ready for a comparison with the same run of another engine. */
export interface CrossRun {
  topology: string;
  bounce: RunResult["bounce"];
  repeat: number;
  verdict: RunResult["verdict"];
  /** Without the set-up notes. */
  reasons: readonly string[];
  /** True with chance routing: each run draws its losses anew. */
  byChance: boolean;
  /** The planned duration of a pipeline, seconds. */
  durationS: number;
  /** The total duration of the run's bounces, milliseconds. */
  bouncedMs: number;
  clockErrorMs: EngineObservation["clockErrorMs"];
  /** Of the plan, by name. */
  sessions: ReadonlyMap<string, CrossSession>;
  /** Events that belong to no pipeline run: the sessions that read them, by the event's name. */
  strays: ReadonlyMap<string, SessionCount>;
  /** Sessions that reconnected to an instance without a Last-Event-ID, and how often. */
  forgetful: SessionCount;
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

/** A count and its sessions. */
export interface SessionCount {
  count: number;
  sessions: readonly string[];
}

/**
 * Judges a run for a cross-check. If the checker fails, the run is unknown, as in {@link
 * judgeSafely}.
 */
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
    forgetful: countBySession(record, forgottenBy),
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
 * Streams of an instance without a resume request (`resume` is `none`), although the session had
 * received an event before: the client sent no Last-Event-ID. (An instance without replay answers
 * `unsupported`; a stream from the broker itself has no such header.)
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

function countBySession(
  { sessions }: RunRecord,
  countOf: (session: SessionRecord) => number,
): SessionCount {
  const counts = [...sessions.values()]
    .map((session) => ({ name: session.name, count: countOf(session) }))
    .filter(({ count }) => count > 0);
  return {
    count: counts.reduce((sum, { count }) => sum + count, 0),
    sessions: counts.map(({ name }) => name),
  };
}

function straysOf(record: RunRecord): Map<string, SessionCount> {
  const names = new Set([...record.sessions.values()].flatMap(({ strays }) => [...strays.keys()]));
  return new Map(
    [...names].map((name) => [name, countBySession(record, ({ strays }) => strays.get(name) ?? 0)]),
  );
}

/** A session's figures, 0 to 1. The run's share is the mean over its sessions. */
export const SHARES = {
  lost: (session) => shareOf(session, (outcome) => outcome === "lost"),
  missed: (session) =>
    shareOf(session, (outcome) => outcome !== "delivered" && outcome !== "recovered"),
  "never ended": ({ ended }) => Number(!ended),
  duplicated: ({ duplicated }) => Number(duplicated > 0),
} as const satisfies Record<string, (session: CrossSession) => number>;

export type ShareName = keyof typeof SHARES;
export const SHARE_NAMES = Object.keys(SHARES) as ShareName[];

function shareOf(
  { outcomes }: CrossSession,
  counts: (outcome: CrossSession["outcomes"][number]) => boolean,
): number {
  return outcomes.length === 0 ? 0 : outcomes.filter(counts).length / outcomes.length;
}

export const meanShare = (run: CrossRun, share: ShareName): number => measure(run, share).value;

/** The sessions with a share above 0. */
export const sessionsWith = ({ sessions }: CrossRun, share: ShareName): string[] =>
  [...sessions].filter(([, session]) => SHARES[share](session) > 0).map(([name]) => name);

function measure({ sessions }: CrossRun, share: ShareName): Repeat {
  const values = [...sessions.values()].map(SHARES[share]);
  const count = values.length;
  if (count === 0) return { value: 0 };
  // A single session shows nothing about how sessions differ.
  const deviation = count === 1 ? 1 : Math.sqrt(varianceOf(values));
  return { value: meanOf(values), sessions: { deviation, count: Math.max(count, 2) } };
}

/**
 * Whether two engines' runs differ in a share. Sessions are the sample within a run, since a
 * session's events are lost together. A difference counts from {@link CHANCE_MARGIN} on, as for
 * chance routing, and beyond a longer bounce in one run, which hits all its sessions alike: the
 * nemesis, not the engine, measures it, and a client that doubles its back-off is away for at most
 * twice that.
 */
export function shareQuestion(
  a: readonly CrossRun[],
  b: readonly CrossRun[],
  share: ShareName,
): Question {
  const [ofA, ofB] = [a, b].map((runs) => runs.map((run) => measure(run, share))) as [
    Repeat[],
    Repeat[],
  ];
  const plannedMs = Math.max(...[...a, ...b].map(({ durationS }) => durationS)) * 1000;
  const [longA, longB] = [a, b].map((runs) => meanOf(runs.map(({ bouncedMs }) => bouncedMs))) as [
    number,
    number,
  ];
  const longer = plannedMs > 0 ? (2 * Math.abs(longA - longB)) / plannedMs : 0;
  return { a: ofA, b: ofB, least: { share: 0, amount: CHANCE_MARGIN + longer } };
}
