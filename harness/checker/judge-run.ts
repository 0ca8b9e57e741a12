import { countSessionsPerInstance, measureAffinity } from "./measures/affinity.ts";
import { measureArrivals } from "./measures/arrivals.ts";
import { measureBounces } from "./measures/bounces.ts";
import { measureCosts } from "./measures/costs.ts";
import { findingsOf, type Evidence, type Finding } from "./verdict/evidence.ts";
import { INVALID_RULES } from "./verdict/invalid-rules.ts";
import { REMARKS } from "./verdict/remarks.ts";
import { UNKNOWN_RULES } from "./verdict/unknown-rules.ts";
import { countGates } from "./judge/gates.ts";
import { DurationHistogram } from "./measures/histogram.ts";
import type { OnPair } from "./judge/judged-pair.ts";
import { judgeSession } from "./judge/session.ts";
import { measureQuota } from "./measures/quota.ts";
import { measureDeploy } from "./measures/deploy/deploy.ts";
import { measureHost } from "./measures/host.ts";
import { durationsOf, measureLatency } from "./measures/latency.ts";
import { measureNewUsers } from "./measures/new-users.ts";
import { measureReconnects } from "./measures/reconnects.ts";
import { measureSeries } from "./measures/series.ts";
import { measureSteady } from "./measures/steady.ts";
import { StepTally } from "./measures/steps.ts";
import { measureStuck } from "./measures/stuck.ts";
import { createRunContext, type RunContext } from "./records/run-context.ts";
import type { Observation } from "../history/observation.ts";
import { RunRecord } from "./records/run-record.ts";
import type { Durations } from "./run-figures.ts";
import type { HopFigures, RunResult, Verdict } from "./run-result.ts";
import type { RunSeries } from "./run-series.ts";
import { Counts } from "./judge/counts.ts";
import { knownToBePublished, shareOf } from "./judge/outcome.ts";

/**
 * Judges the records of one run, in any order: the same records give the same result, byte for byte
 * as JSON.
 * @throws Error when the checker itself fails; see {@link judgeSafely}.
 */
export function judgeRun(observations: Iterable<Observation>): RunResult {
  const record = new RunRecord();
  for (const observation of observations) record.absorb(observation);
  return judgeRecord(record);
}

/** As {@link judgeRun}, but if the checker fails, the verdict is `unknown`. */
export function judgeSafely(observations: Iterable<Observation>): RunResult {
  const judgement = new RunJudgement();
  for (const observation of observations) judgement.absorb(observation);
  return judgement.result();
}

export interface JudgedRun {
  result: RunResult;
  series: RunSeries | null;
}

/** Judges a run while its history is read. Never throws. */
export class RunJudgement {
  readonly #record = new RunRecord();
  #failure: unknown;

  absorb(observation: Observation): void {
    if (this.#failure !== undefined) return;
    try {
      this.#record.absorb(observation);
    } catch (error) {
      this.#failure = error;
    }
  }

  result(): RunResult {
    return this.judged().result;
  }

  /** The series is null for a run that was not judged, or had no load. */
  judged(): JudgedRun {
    if (this.#failure !== undefined) return { result: this.#unjudged(this.#failure), series: null };
    try {
      const evidence = collectEvidence(this.#record);
      const result = resultOf(evidence);
      const series = measureSeries(this.#record, evidence.context, evidence.counts);
      const { topology, bounce, repeat, latency } = result;
      // Times that the verdict does not trust have no curve either.
      const delivery = latency === null ? [] : (series?.delivery ?? []);
      return { result, series: series && { topology, bounce, repeat, ...series, delivery } };
    } catch (error) {
      return { result: this.#unjudged(error), series: null };
    }
  }

  #unjudged(error: unknown): RunResult {
    return unjudged(this.#record, error);
  }
}

/**
 * Counts everything in the record, for the verdict's rules.
 * @param onPair told each due pair, once
 */
export function collectEvidence(record: RunRecord, onPair?: OnPair): Evidence {
  const context = createRunContext(record);
  const counts = new Counts(() => new DurationHistogram());
  const tally = record.steps.length === 0 ? undefined : new StepTally(record, context);
  const tell: OnPair | undefined =
    tally === undefined
      ? onPair
      : (pair) => {
          tally.add(pair);
          onPair?.(pair);
        };
  for (const session of record.sessions.values()) judgeSession(session, context, counts, tell);
  return {
    record,
    context,
    counts,
    steps: tally?.figures() ?? null,
    load: measureLoad(record, context, counts),
  };
}

/**
 * Offered and achieved events per second: planned pairs, and those published between load-started
 * and drain-started, over that time. 0 without both phases.
 */
function measureLoad(
  { engine, hosts }: RunRecord,
  context: RunContext,
  counts: Counts,
): RunResult["load"] {
  const { loadStartedMs, drainStartedMs } = context;
  const seconds =
    loadStartedMs === null || drainStartedMs === null ? 0 : (drainStartedMs - loadStartedMs) / 1000;
  const perSecond = (events: number): number =>
    seconds > 0 ? Math.round((events / seconds) * 1000) / 1000 : 0;
  return {
    offeredEventsPerSecond: perSecond(counts.planned),
    achievedEventsPerSecond: perSecond(counts.publishedUnderLoad),
    engineLagMs: engine === null ? null : { p99: engine.lagMs.p99, max: engine.lagMs.max },
    cpuSeconds: engine?.cpuSeconds ?? null,
    rssBytes: engine?.rssBytes ?? null,
    host: measureHost(hosts, context),
  };
}

export interface VerdictFindings {
  verdict: Verdict;
  /** In this order: reasons for unknown, reasons for invalid, remarks. */
  findings: Finding[];
}

/** `unknown` outweighs `invalid`: a run that cannot be trusted does not prove a broken promise. */
export function decideVerdict(evidence: Evidence): VerdictFindings {
  const unknown = findingsOf(UNKNOWN_RULES, evidence);
  const invalid = findingsOf(INVALID_RULES, evidence);
  const verdict = unknown.length > 0 ? "unknown" : invalid.length > 0 ? "invalid" : "valid";
  return { verdict, findings: [...unknown, ...invalid, ...findingsOf(REMARKS, evidence)] };
}

/** @throws Error if a pair got two outcomes or none, which would be a bug of the checker. */
export function judgeRecord(record: RunRecord, onPair?: OnPair): RunResult {
  return resultOf(collectEvidence(record, onPair));
}

function resultOf(evidence: Evidence): RunResult {
  const { record, context, counts, steps, load } = evidence;
  const { outcomes } = counts;
  const judged = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  if (judged !== counts.due)
    throw new Error(`${counts.due} pairs were due, but ${judged} have an outcome`);
  const { verdict, findings } = decideVerdict(evidence);
  const latency = measureLatency(counts, record.engine, context);
  const missed = counts.due - outcomes.delivered - outcomes.recovered;
  return {
    ...identityOf(record),
    verdict,
    reasons: [...(record.run?.notes ?? []), ...findings.map(({ sentence }) => sentence)],
    sessions: counts.sessions,
    due: counts.due,
    ...outcomes,
    duplicated: counts.duplicated,
    reordered: counts.reordered,
    unexpected: counts.unexpected,
    lossRatio: shareOf(outcomes.lost, knownToBePublished(outcomes)),
    missedRatio: shareOf(missed, counts.due),
    lostByCause: counts.lostByCause,
    withoutLedger: measureArrivals(record, context, counts),
    stuckStreams: counts.stuckStreams,
    stuck: measureStuck(record, context),
    gates: countGates(record, context),
    latencyMs: latency === null ? null : percentilesOf(latency.total),
    latency,
    recoveredDelayMs: durationsOf(counts.recoveredDelay),
    newUsers: measureNewUsers(record, context),
    deploy: measureDeploy(record, context, counts),
    steady: measureSteady(record, context, counts),
    reconnects: measureReconnects(record, context),
    affinity: measureAffinity(record),
    sessionsPerInstance: countSessionsPerInstance(record),
    bounces: measureBounces(record, context, counts.lostAtMs),
    steps,
    load,
    realtime: record.run?.realtime ?? null,
    brokerHop: brokerHopOf(counts),
    quota: measureQuota(record, context, counts),
    costs: measureCosts(record, context),
  };
}

const percentilesOf = ({ p50, p90, p99, p999, max }: Durations): RunResult["latencyMs"] => ({
  p50,
  p90,
  p99,
  p999,
  max,
});

/** Both histograms have a sample per delivered pair with a hand-over time. */
function brokerHopOf({ waited, carried }: Evidence["counts"]): RunResult["brokerHop"] {
  if (waited.empty || carried.empty) return null;
  const figures = (durations: DurationHistogram): HopFigures => ({
    p50: durations.percentileMs(50),
    p90: durations.percentileMs(90),
    p99: durations.percentileMs(99),
    max: durations.maxMs,
  });
  return { waitedMs: figures(waited), carriedMs: figures(carried) };
}

/** The result of a run that the checker failed to judge. */
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
}: RunRecord): Pick<
  RunResult,
  "topology" | "bounce" | "repeat" | "order" | "verdict" | "expectation"
> => ({
  topology: run?.topology ?? "(unnamed)",
  bounce: run?.bounce ?? "none",
  repeat: run?.repeat ?? 1,
  order: run?.order ?? null,
  verdict: "unknown",
  expectation: run?.promise.sentence ?? "",
});
