/** The files that a script writes at its end, and a few lines for the terminal. */
import { knownToBePublished, shareOf } from "../../../harness/checker/judge/outcome.ts";
import type { RunResult } from "../../../harness/checker/run-result.ts";
import { ENGINE_LAG_P99_LIMIT_MS } from "../../../harness/checker/thresholds.ts";
import { CAUSES } from "../../../harness/history/observation.ts";
import {
  plannedTimes,
  type SessionSchedule,
} from "../../../harness/load/portable/load-schedule.ts";
import type { Summary } from "../../../harness/report/summary/summary.ts";
import { DEFAULT_SCENARIO } from "../../../harness/scenario/default-scenario.ts";
import type { ScriptPlan } from "../plan/plan.ts";
import { summaryText } from "./summary-text.ts";

/** What k6 hands to `handleSummary`, as far as it is read here. */
export interface K6Summary {
  metrics: Readonly<Record<string, K6Metric | undefined>>;
  state: { testRunDurationMs: number };
}

export interface K6Metric {
  values: Readonly<Record<string, number | undefined>>;
  /** By its text: `{"count==0": {"ok": true}}`. */
  thresholds?: Readonly<Record<string, { ok: boolean }>>;
}

/** By name of the file; `stdout` is the terminal. */
export type SummaryFiles = Record<string, string>;

/**
 * @returns undefined unless the user asked for the files: then k6 prints its own summary
 * @throws Error with the fix if k6 hands over another shape of data
 */
export const handleSummary = (
  plan: ScriptPlan,
  schedule: readonly SessionSchedule[],
  data: K6Summary,
): SummaryFiles | undefined => {
  if (plan.out === undefined) return undefined;
  if ((data as Partial<K6Summary>).state === undefined)
    throw new Error("OUT needs k6's usual summary: unset K6_NEW_MACHINE_READABLE_SUMMARY");
  const summary = createSummary(plan, schedule, data, Date.now());
  return {
    stdout: summaryText(summary.runs[0]),
    [`${plan.out}/summary.json`]: `${JSON.stringify(summary, null, 2)}\n`,
    [`${plan.out}/k6-summary.json`]: `${JSON.stringify(data, null, 2)}\n`,
  };
};

/** `finishedAtMs`: wall clock, milliseconds since 1970. */
export const createSummary = (
  plan: ScriptPlan,
  schedule: readonly SessionSchedule[],
  data: K6Summary,
  finishedAtMs: number,
): Summary & { runs: [RunResult] } => ({
  schemaVersion: 1,
  startedAt: new Date(finishedAtMs - data.state.testRunDurationMs).toISOString(),
  finishedAt: new Date(finishedAtMs).toISOString(),
  platform: "url",
  engine: "k6",
  engineStandIn: null,
  client: plan.load.client === "realtime" ? "retrying" : plan.load.client,
  seed: plan.load.seed,
  // k6 gives a script no facts about its machine.
  host: { os: "unknown", cpus: null, memoryBytes: null, node: "none" },
  scenario: scenarioOf(plan),
  runs: [runOf(plan, schedule, data)],
});

const scenarioOf = ({
  load,
  topology,
  bounce,
  repeat,
  replicas,
}: ScriptPlan): Summary["scenario"] => ({
  topologies: [topology.name],
  bounces: [bounce],
  repeat,
  sessions: load.sessions,
  eventsPerSecond: load.eventsPerSecond,
  arrival: load.arrival,
  durationS: load.durationS,
  ...(load.arrival === "ramp" ? {} : { pipelineS: load.pipelineS, warmUpS: load.warmUpS }),
  rampS: load.rampS,
  drainS: load.drainS,
  gates: load.gates,
  payloadBytes: load.payloadBytes,
  replicas: replicas ?? null,
  redis: "up",
  graceS: DEFAULT_SCENARIO.grace,
  jitter: load.jitter,
  retryMs: DEFAULT_SCENARIO.retryMs,
  leaseMs: DEFAULT_SCENARIO.leaseMs,
  heartbeatS: load.heartbeatS,
  catchUp: false,
  realtimePlan: "none",
  realtimePublish: "http",
  overQuota: false,
});

const runOf = (
  plan: ScriptPlan,
  schedule: readonly SessionSchedule[],
  data: K6Summary,
): RunResult => {
  const counts = countsOf(data);
  const { due } = counts;
  const loadS = plannedTimes(schedule, plan.load).drainMs / 1000;
  const perSecond = (events: number): number => Math.round((events / loadS) * 1000) / 1000;
  const lateness = trendOf(data, "sse_arrival_lateness");
  const downtime = trendOf(data, "sse_downtime");
  return {
    topology: plan.topology.name,
    bounce: plan.bounce,
    repeat: plan.repeat,
    order: null,
    ...verdictOf(counts, lateness, data),
    expectation: plan.topology.promise.sentence,
    ...counts,
    missed: 0,
    withoutLedger: null,
    steps: null,
    lossRatio: shareOf(counts.lost, knownToBePublished(counts)),
    missedRatio: shareOf(due - counts.delivered - counts.recovered, due),
    stuck: null,
    gates: {
      offered: countOf(data, "sse_gates_offered"),
      answered: countOf(data, "sse_gates_answered"),
      reachedPipeline: countOf(data, "sse_gates_offered") - countOf(data, "sse_gates_stalled"),
      stalled: countOf(data, "sse_gates_stalled"),
    },
    latencyMs: trendOf(data, "sse_event_latency"),
    latency: null,
    recoveredDelayMs: null,
    newUsers: null,
    deploy: null,
    steady: null,
    reconnects: {
      count: countOf(data, "sse_reconnects"),
      downtimeMs: downtime && { p50: downtime.p50, p99: downtime.p99, max: downtime.max },
      timeTo95Ms: null,
      timeTo100Ms: null,
      peakPerSecond: 0,
    },
    affinity: { hitRatio: null, misroutes: 0 },
    sessionsPerInstance: {},
    bounces: [],
    load: {
      offeredEventsPerSecond: perSecond(due),
      achievedEventsPerSecond: perSecond(due - counts.neverPublished - counts.indeterminate),
      engineLagMs: lateness && { p99: lateness.p99, max: lateness.max },
      cpuSeconds: null,
      rssBytes: null,
      host: null,
    },
    realtime: null,
    brokerHop: null,
    quota: null,
    costs: [],
  };
};

type Counts = Pick<
  RunResult,
  | "sessions"
  | "due"
  | "delivered"
  | "recovered"
  | "lost"
  | "neverPublished"
  | "indeterminate"
  | "duplicated"
  | "reordered"
  | "unexpected"
  | "lostByCause"
  | "stuckStreams"
>;

const countsOf = (data: K6Summary): Counts => {
  const lost = countOf(data, "sse_events_lost");
  const lostByCause = Object.fromEntries(
    CAUSES.map((cause) => [cause, countOf(data, `sse_events_lost{cause:${cause}}`)]),
  ) as RunResult["lostByCause"];
  // Thresholds of a k6 configuration replace the script's, and with them the figures by cause.
  lostByCause.unexplained +=
    lost - Object.values(lostByCause).reduce((sum, count) => sum + count, 0);
  return {
    sessions: countOf(data, "sse_sessions"),
    due: countOf(data, "sse_events_due"),
    delivered: countOf(data, "sse_events_delivered"),
    recovered: countOf(data, "sse_events_recovered"),
    lost,
    neverPublished: countOf(data, "sse_events_never_published"),
    indeterminate: countOf(data, "sse_events_indeterminate"),
    duplicated: countOf(data, "sse_events_duplicated"),
    reordered: countOf(data, "sse_events_reordered"),
    unexpected: countOf(data, "sse_events_unexpected"),
    lostByCause,
    stuckStreams: countOf(data, "sse_stuck_streams"),
  };
};

const OF_THE_CONSOLE =
  "Written by the k6 script alone: causes are inferred. For bounces, affinity and " +
  "reconnect storms, " +
  "make a report from its console output (see loadtests/README.md).";

const verdictOf = (
  { sessions, due, delivered, recovered, indeterminate }: Counts,
  lateness: RunResult["latencyMs"],
  data: K6Summary,
): Pick<RunResult, "verdict" | "reasons"> => {
  const unknown: string[] = [];
  if (due === 0) unknown.push("No event was due: no session came to its end.");
  else if (delivered + recovered === 0) unknown.push("Not a single event was received.");
  if (indeterminate > 0)
    unknown.push(
      `${indeterminate} of ${due} events are indeterminate: no ledger was read, so it is unknown ` +
        "whether they were published.",
    );
  if (lateness !== null && lateness.p99 > ENGINE_LAG_P99_LIMIT_MS)
    unknown.push(
      `k6 itself was late: of ${sessions} sessions, p99 arrived ` +
        `${Math.round(lateness.p99)} ms after their time.`,
    );
  if (!Object.values(data.metrics).some((metric) => metric?.thresholds !== undefined))
    unknown.push("The thresholds were switched off, so that the promise was not checked.");
  const broken = brokenThresholds(data).map((threshold) => `Threshold not met: ${threshold}.`);
  const verdict = unknown.length > 0 ? "unknown" : broken.length > 0 ? "invalid" : "valid";
  return { verdict, reasons: [...unknown, ...broken, OF_THE_CONSOLE] };
};

/** `sse_events_lost: count==0`. */
const brokenThresholds = ({ metrics }: K6Summary): string[] =>
  Object.entries(metrics).flatMap(([name, metric]) =>
    Object.entries(metric?.thresholds ?? {}).flatMap(([text, { ok }]) =>
      ok ? [] : [`${name}: ${text}`],
    ),
  );

const countOf = ({ metrics }: K6Summary, name: string): number =>
  metrics[name]?.values["count"] ?? 0;

/** Null without samples. */
const trendOf = ({ metrics }: K6Summary, name: string): RunResult["latencyMs"] => {
  const values = metrics[name]?.values ?? {};
  if ((values["count"] ?? 0) === 0) return null;
  const at = (stat: string): number => Math.max(0, values[stat] ?? 0);
  return {
    p50: at("med"),
    p90: at("p(90)"),
    p99: at("p(99)"),
    p999: at("p(99.9)"),
    max: at("max"),
  };
};
