import { countSessionsPerInstance, measureAffinity } from "../measures/affinity.ts";
import { measureBounces } from "../records/bounces.ts";
import { measureCosts } from "../measures/costs.ts";
import type { Evidence } from "../verdict/evidence.ts";
import { countGates } from "./gates.ts";
import { DurationHistogram } from "../measures/histogram.ts";
import type { OnPair } from "./judge-epoch.ts";
import { judgeSession } from "./judge-session.ts";
import { measureLoad } from "../measures/load-figures.ts";
import { measureQuota } from "../measures/quota.ts";
import { measureReconnects } from "../measures/reconnects.ts";
import { createRunContext } from "../records/run-context.ts";
import { RunRecord } from "../records/run-record.ts";
import type { HopFigures, RunResult } from "../run-result.ts";
import { Tally } from "./tally.ts";
import { decideVerdict } from "../verdict/verdict.ts";

/**
 * Counts everything that the record holds. The verdict's rules look at it afterwards.
 * @param onPair told each due pair, once
 */
export function weigh(record: RunRecord, onPair?: OnPair): Evidence {
  const context = createRunContext(record);
  const tally = new Tally(() => new DurationHistogram());
  for (const session of record.sessions.values()) judgeSession(session, context, tally, onPair);
  return {
    record,
    context,
    tally,
    load: measureLoad(record, context, tally),
  };
}

/** @throws Error when an outcome was given twice or not at all, which would be a mistake of the checker itself. */
export function judgeRecord(record: RunRecord, onPair?: OnPair): RunResult {
  const evidence = weigh(record, onPair);
  const { context, tally, load } = evidence;
  const { outcomes, latency } = tally;
  const judged = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  if (judged !== tally.due) throw new Error(`${tally.due} pairs were due, but ${judged} have an outcome`);
  const { verdict, findings } = decideVerdict(evidence);
  const share = (pairs: number): number => (tally.due === 0 ? 0 : pairs / tally.due);
  return {
    ...identityOf(record),
    verdict,
    reasons: [...(record.run?.notes ?? []), ...findings.map(({ sentence }) => sentence)],
    sessions: tally.sessions,
    due: tally.due,
    ...outcomes,
    duplicated: tally.duplicated,
    reordered: tally.reordered,
    unexpected: tally.unexpected,
    lossRatio: share(outcomes.lost),
    missedRatio: share(tally.due - outcomes.delivered - outcomes.recovered),
    lostByCause: tally.lostByCause,
    stuckStreams: tally.stuckStreams,
    gates: countGates(record, context),
    latencyMs: latency.empty
      ? null
      : {
          p50: latency.percentileMs(50),
          p90: latency.percentileMs(90),
          p99: latency.percentileMs(99),
          p999: latency.percentileMs(99.9),
          max: latency.maxMs,
        },
    reconnects: measureReconnects(record, context),
    affinity: measureAffinity(record),
    sessionsPerInstance: countSessionsPerInstance(record),
    bounces: measureBounces(record, context, tally.lostAtMs),
    load,
    realtime: record.run?.realtime ?? null,
    brokerHop: brokerHopOf(tally),
    quota: measureQuota(record, context, tally),
    costs: measureCosts(record.usages, context),
  };
}

/** Both histograms have a sample for each delivered pair that tells when it was handed over. */
function brokerHopOf({ waited, carried }: Evidence["tally"]): RunResult["brokerHop"] {
  if (waited.empty || carried.empty) return null;
  const figures = (durations: DurationHistogram): HopFigures => ({
    p50: durations.percentileMs(50),
    p90: durations.percentileMs(90),
    p99: durations.percentileMs(99),
    max: durations.maxMs,
  });
  return { waitedMs: figures(waited), carriedMs: figures(carried) };
}

/** The result of a run that could not be judged at all. */
export function unjudged(record: RunRecord, error: unknown): RunResult {
  const reason = error instanceof Error ? error.message : String(error);
  const empty = judgeRecord(new RunRecord());
  return {
    ...empty,
    ...identityOf(record),
    verdict: "unknown",
    reasons: [...(record.run?.notes ?? []), `The checker failed: ${reason}`],
  };
}

const identityOf = ({
  run,
}: RunRecord): Pick<RunResult, "topology" | "bounce" | "repeat" | "verdict" | "expectation"> => ({
  topology: run?.topology ?? "(unnamed)",
  bounce: run?.bounce ?? "none",
  repeat: run?.repeat ?? 1,
  verdict: "unknown",
  expectation: run?.promise.sentence ?? "",
});
