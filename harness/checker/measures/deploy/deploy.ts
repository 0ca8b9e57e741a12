import type { Counts } from "../../judge/counts.ts";
import { unpublishedReason, type UnpublishedReason } from "../../judge/unpublished-reason.ts";
import { cutOf } from "../../records/bounces.ts";
import { type EpochRecord, startsOf } from "../../records/epoch-record.ts";
import type { RunContext } from "../../records/run-context.ts";
import type { RunRecord } from "../../records/run-record.ts";
import type { Connection, SessionRecord } from "../../records/session-record.ts";
import type { DeployFigures } from "../../run-figures.ts";
import { measureDeployWithoutLedger } from "./deploy-without-ledger.ts";
import { roundMs } from "../histogram.ts";
import { Outlasting } from "./outlasting.ts";
import { attemptsOf, peakPerSecond } from "../reconnects.ts";
import { spreadOf } from "../spread.ts";
import { isDead } from "../stuck.ts";

/** What all bounces of the run together did. Null without a bounce. */
export function measureDeploy(
  record: RunRecord,
  context: RunContext,
  counts: Counts,
): DeployFigures | null {
  const { lostAtMs, dark } = counts;
  const { deployStartMs: startMs, bounces } = context;
  if (startMs === null) return null;
  const ends = bounces.map(({ endedMs }) => endedMs ?? Infinity);
  const endMs = Math.max(...ends);
  const rate = record.run?.load.eventsPerSecond ?? 0;
  const pipelines = { running: 0, killed: 0, killedNewcomers: 0 };
  const outlasting = new Outlasting(context, rate);
  const streams = { open: 0, dark: 0 };
  const stuckLivedOn = { stuck: 0, of: 0 };
  const blackoutS = { livedOn: [] as number[], doomed: [] as number[] };
  const awayMs: number[] = [];
  const attemptsMs: number[] = [];
  let collateral = 0;

  for (const session of record.sessions.values()) {
    const connections = session.connections();
    attemptsMs.push(...attemptsOf(session, connections).filter((atMs) => atMs >= startMs));
    for (const [index, connection] of connections.entries()) {
      const cut = cutOf(bounces, connection);
      if (cut === undefined) continue;
      if (cut.collateral) collateral++;
      awayMs.push((connections[index + 1]?.connectedMs ?? Infinity) - connection.endedMs);
    }

    let fate: UnpublishedReason | undefined;
    for (const epoch of session.epochs.values()) {
      const begunMs = begunAt(epoch);
      if (begunMs === undefined || begunMs > endMs || isOverBy(epoch, startMs, context)) continue;
      const reason = unpublishedReason(session, epoch, context);
      fate ??= reason;
      if (begunMs < startMs) pipelines.running++;
      outlasting.add(epoch, begunMs, isDead(reason));
      if (isDead(reason)) pipelines[begunMs < startMs ? "killed" : "killedNewcomers"]++;
    }
    if (!connections.some((connection) => isOpenAt(connection, startMs))) continue;
    streams.open++;
    if (dark.has(session.name)) streams.dark++;
    else if (fate !== undefined) {
      const lost = (lostAtMs.get(session.name) ?? []).filter((atMs) => atMs >= startMs).length;
      blackoutS[isDead(fate) ? "doomed" : "livedOn"].push(rate > 0 ? lost / rate : 0);
      if (fate === "completed-without") count(stuckLivedOn, session);
    }
  }

  awayMs.sort((a, b) => a - b);
  const awayAt = (share: number): number | null => {
    const ms = awayMs[Math.ceil(awayMs.length * share) - 1] ?? Infinity;
    return ms === Infinity ? null : roundMs(ms);
  };
  const peak = peakPerSecond(attemptsMs);
  return {
    lengthS: endMs === Infinity ? null : roundMs((endMs - startMs) / 1000),
    ...pipelines,
    outlasting: outlasting.figures(),
    ...streams,
    blackoutS: { livedOn: spreadOf(blackoutS.livedOn), doomed: spreadOf(blackoutS.doomed) },
    stuckLivedOn,
    away: {
      cut: awayMs.length,
      neverBack: awayMs.filter((ms) => ms === Infinity).length,
      p50Ms: awayAt(0.5),
      p99Ms: awayAt(0.99),
    },
    storm: {
      peakPerSecond: peak,
      peakPerCutStream: awayMs.length === 0 ? null : peak / awayMs.length,
      curve: curveOf(attemptsMs, startMs),
    },
    collateral,
    withoutLedger: measureDeployWithoutLedger(record, context, counts),
  };
}

/** The resolution of a storm's curve, milliseconds, and its greatest length. */
const CURVE_STEP_MS = 250;
const CURVE_STEPS = 240;

function curveOf(attemptsMs: readonly number[], startMs: number): number[] {
  const curve: number[] = [];
  for (const atMs of attemptsMs) {
    const step = Math.floor((atMs - startMs) / CURVE_STEP_MS);
    if (step >= CURVE_STEPS) continue;
    while (curve.length <= step) curve.push(0);
    curve[step] = (curve[step] ?? 0) + 1;
  }
  return curve;
}

const isOpenAt = ({ subscribedMs, endedMs }: Connection, atMs: number): boolean =>
  subscribedMs <= atMs && atMs < endedMs;

function count(found: { stuck: number; of: number }, { sawTerminal }: SessionRecord): void {
  found.of++;
  if (!sawTerminal) found.stuck++;
}

function begunAt(epoch: EpochRecord): number | undefined {
  const starts = startsOf(epoch).map(({ atMs }) => atMs);
  return starts.length === 0 ? undefined : Math.min(...starts);
}

/** True if the pipeline ended, or died with its instance, before that time. */
const isOverBy = ({ pipelines }: EpochRecord, byMs: number, { facts }: RunContext): boolean =>
  pipelines.some(({ state, instance, atMs }) =>
    state === "started" ? facts.endedWithin(instance, atMs, byMs) : atMs <= byMs,
  );
