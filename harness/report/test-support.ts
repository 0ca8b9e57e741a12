/** Hand-made summaries for tests. */
import type { RunResult } from "../checker/run-result.ts";
import type { RunSeries } from "../checker/run-series.ts";
import type { Manifest } from "./summary/manifest.ts";
import type { Summary } from "./summary/summary.ts";

const HOST = { os: "Linux 6.1.0 x64", cpus: 2, memoryBytes: 8 * 1024 ** 3, node: "20.20.2" };

const noLosses = (): RunResult["lostByCause"] => ({
  "no-route": 0,
  "in-flight-at-disconnect": 0,
  "while-disconnected": 0,
  "replay-window-exceeded": 0,
  "epoch-changed": 0,
  "broker-gap": 0,
  "log-lost": 0,
  quota: 0,
  "started-twice": 0,
  unexplained: 0,
});

type Derived = "lost" | "delivered" | "lossRatio" | "missedRatio";
type Cost = RunResult["costs"][number];

/** The cost of a server, read from its process. */
export const makeCost = (parts: Partial<Cost> = {}): Cost => ({
  part: "server-1",
  role: "server",
  source: "procfs",
  cpuSeconds: 1.2,
  memoryBytes: { first: 40 * 1024 ** 2, peak: 60 * 1024 ** 2 },
  socketMemoryBytes: null,
  receivedBytes: null,
  sentBytes: null,
  steady: null,
  ...parts,
});

const isServer = ({ role }: Cost): boolean => role === "server";

/** What played Supabase Realtime. */
export const makeRealtime = (
  parts: Partial<NonNullable<RunResult["realtime"]>> = {},
): NonNullable<RunResult["realtime"]> => ({
  part: "realtime",
  standIn: false,
  plan: "none",
  publish: "http",
  catchUp: false,
  frontEnd: { minifiedBytes: 61_440, gzippedBytes: 16_384 },
  ...parts,
});

type Deploy = NonNullable<RunResult["deploy"]>;

/** A deploy that half of 100 pipelines outlived, whose streams lost half a second each. */
export const makeDeploy = ({
  livedOn = { streams: 50, mean: 0.5, deviation: 0.2 },
  ...parts
}: Partial<Omit<Deploy, "blackoutS"> & { livedOn: Deploy["blackoutS"]["livedOn"] }>): Deploy => ({
  lengthS: 10,
  running: 100,
  killed: 50,
  killedNewcomers: 0,
  outlasting: null,
  open: 100,
  dark: 0,
  blackoutS: { livedOn, doomed: { streams: 50, mean: 1.5, deviation: 0.4 } },
  stuckLivedOn: { stuck: 0, of: 50 },
  away: { cut: 100, neverBack: 0, p50Ms: 250, p99Ms: 900 },
  storm: { peakPerSecond: 40, peakPerCutStream: 0.4, curve: [0, 30, 10] },
  collateral: 0,
  withoutLedger: null,
  ...parts,
});

/** 200 streams, evenly spread. */
const spreadOver = (instances: number): RunResult["sessionsPerInstance"] =>
  Object.fromEntries(
    Array.from({ length: instances }, (_, index) => [
      `server-${index + 1}`,
      { first: 200 / instances, last: 200 / instances },
    ]),
  );

/** What a run is described by; every figure that follows from these is worked out. */
export interface RunParts extends Partial<Omit<RunResult, Derived | "lostByCause">> {
  lostByCause?: Partial<RunResult["lostByCause"]>;
}

/**
 * A run on as many instances as its costs name, or two, of 200 sessions with 12,000 due pairs, all
 * delivered but for what `parts` takes away.
 */
export const makeRun = (parts: RunParts = {}): RunResult => {
  const { lostByCause: losses = {}, ...given } = parts;
  const lostByCause = { ...noLosses(), ...losses };
  const lost = Object.values(lostByCause).reduce((sum, pairs) => sum + pairs, 0);
  const { due = 12_000, recovered = 0, neverPublished = 0, indeterminate = 0 } = given;
  const { missed = 0 } = given;
  const delivered = due - lost - recovered - neverPublished - missed - indeterminate;
  return {
    topology: "phase9",
    bounce: "none",
    repeat: 1,
    order: null,
    verdict: "valid",
    expectation: "Nothing is lost in steady state.",
    reasons: [],
    sessions: 200,
    duplicated: 0,
    reordered: 0,
    unexpected: 0,
    withoutLedger: null,
    stuckStreams: 0,
    stuck: null,
    gates: { offered: 0, answered: 0, reachedPipeline: 0, stalled: 0 },
    latencyMs: { p50: 1.2, p90: 2.5, p99: 7.4, p999: 21, max: 44 },
    latency: null,
    recoveredDelayMs: null,
    newUsers: null,
    deploy: null,
    steady: null,
    reconnects: {
      count: 0,
      downtimeMs: null,
      timeTo95Ms: null,
      timeTo100Ms: null,
      peakPerSecond: 40,
    },
    affinity: { hitRatio: 0.34, misroutes: 400 },
    sessionsPerInstance: spreadOver(
      given.costs?.some(isServer) ? given.costs.filter(isServer).length : 2,
    ),
    bounces: [],
    steps: null,
    load: {
      offeredEventsPerSecond: 1000,
      achievedEventsPerSecond: 998,
      engineLagMs: { p99: 1.1, max: 6 },
      cpuSeconds: 3.2,
      rssBytes: 120 * 1024 ** 2,
      host: null,
    },
    costs: [],
    realtime: null,
    brokerHop: null,
    quota: null,
    ...given,
    due,
    delivered,
    recovered,
    lost,
    neverPublished,
    missed,
    indeterminate,
    lostByCause,
    lossRatio: delivered + recovered + lost === 0 ? 0 : lost / (delivered + recovered + lost),
    missedRatio: due === 0 ? 0 : (due - delivered - recovered) / due,
  };
};

/** A summary of these runs; its scenario names what occurs in them. */
export const makeSummary = (runs: readonly RunResult[], parts: Partial<Summary> = {}): Summary => ({
  schemaVersion: 1,
  startedAt: "2026-11-23T10:00:00.000Z",
  finishedAt: "2026-11-23T10:04:00.000Z",
  platform: "local",
  engine: "native",
  engineStandIn: null,
  client: "retrying",
  seed: 42,
  host: HOST,
  scenario: {
    topologies: [...new Set(runs.map((run) => run.topology))],
    bounces: [...new Set(runs.map((run) => run.bounce))],
    repeat: Math.max(1, ...runs.map((run) => run.repeat)),
    sessions: 200,
    eventsPerSecond: 5,
    arrival: "ramp",
    durationS: 12,
    rampS: 2,
    drainS: 5,
    gates: 0,
    payloadBytes: 200,
    replicas: null,
    redis: "up",
    graceS: 10,
    jitter: "full",
    retryMs: 1000,
    heartbeatS: 15,
    leaseMs: 2000,
    catchUp: false,
    realtimePlan: "none",
    realtimePublish: "http",
    overQuota: false,
  },
  runs: [...runs],
  ...parts,
});

/** The manifest that goes with a summary. */
export const makeManifest = (summary: Summary, parts: Partial<Manifest> = {}): Manifest => ({
  schemaVersion: 1,
  startedAt: summary.startedAt,
  finishedAt: summary.finishedAt,
  commandLine: ["sse-lab", "loadtest"],
  commit: { id: "0123abc", dirty: false },
  versions: { lab: "0.1.0", node: "20.20.2", traefik: "3.7.15" },
  platform: summary.platform,
  engine: summary.engine,
  engineStandIn: summary.engineStandIn,
  client: summary.client,
  seed: summary.seed,
  host: summary.host,
  scenario: summary.scenario,
  serverSettings: { drainMs: 1000 },
  ...parts,
});

/** Two stream-hours of steady state without a loss. */
export const LOSSLESS = {
  streamHours: 2,
  lost: 0,
  incidents: 0,
  lossesPerStreamHour: 0,
  incidentsPerStreamHour: 0,
  incidentsPerStreamHourAtMost: 1.5,
};

/** Twenty seconds of a run: 200 streams, cut between seconds 8 and 10. */
export const makeSeries = (run: RunResult, parts: Partial<RunSeries> = {}): RunSeries => {
  const steps = 200;
  const list = (at: (second: number) => number): number[] =>
    Array.from({ length: steps }, (_, step) => at(step / 10));
  const isCut = (second: number): boolean => second >= 8 && second < 10;
  return {
    topology: run.topology,
    bounce: run.bounce,
    repeat: run.repeat,
    stepMs: 100,
    measuredMs: 4000,
    drainStartedMs: 18_000,
    published: list((second) => (second < 18 ? 100 : 0)),
    received: list((second) => (second < 18 ? (isCut(second) ? 60 : 100) : 0)),
    open: list((second) => (isCut(second) ? 120 : 200)),
    attempts: list((second) => (isCut(second) ? 10 : 0)),
    cuts: list((second) => (isCut(second) ? 8 : 0)),
    lost: run.lost > 0 ? { "while-disconnected": list((second) => (isCut(second) ? 40 : 0)) } : {},
    delivery: [
      { share: 0.5, ms: 1.2 },
      { share: 0.99, ms: 7.4 },
      { share: 0.999, ms: 21 },
      { share: 1, ms: 44 },
    ],
    ...parts,
  };
};
