/** What the checker says of one run. Becomes `runs[]` of summary.json (design: section 7), field by field. */
import type { BounceKind, Cause, RealtimeFacts } from "../history/observation.ts";

export type Verdict = "valid" | "invalid" | "unknown";

export interface RunResult {
  topology: string;
  bounce: BounceKind;
  repeat: number;
  verdict: Verdict;
  /** The promise that the verdict is about, one sentence. */
  expectation: string;
  /** Why the verdict is what it is; set-up notes first. Empty when valid and unremarkable. */
  reasons: string[];
  sessions: number;
  due: number;
  delivered: number;
  recovered: number;
  lost: number;
  neverPublished: number;
  indeterminate: number;
  duplicated: number;
  reordered: number;
  unexpected: number;
  /** lost / due; 0 when nothing was due. */
  lossRatio: number;
  /** (due - delivered - recovered) / due. */
  missedRatio: number;
  lostByCause: Record<Cause, number>;
  stuckStreams: number;
  gates: { offered: number; answered: number; reachedPipeline: number; stalled: number };
  /** From the intended publish time to the read, delivered pairs only (replayed ones would tell the outage's length). Null without samples. */
  latencyMs: { p50: number; p90: number; p99: number; p999: number; max: number } | null;
  reconnects: {
    count: number;
    /** From `disconnected` to the next `connected`. Null without a reconnect. */
    downtimeMs: { p50: number; p99: number; max: number } | null;
    /** From the start of the bounce that cut a stream until 95 % / 100 % of the cut streams were back. Null: fewer ever came back, or none was cut. */
    timeTo95Ms: number | null;
    timeTo100Ms: number | null;
    /** Most connection attempts within one second. */
    peakPerSecond: number;
  };
  /** Of a created session's requests and stream openings but the first: those that reached the same instance as the one before. */
  affinity: { hitRatio: number | null; misroutes: number };
  /** Streams per instance: by each session's first connection, and by its last. */
  sessionsPerInstance: Record<string, { first: number; last: number }>;
  /** Times are relative to load-started. `lost` counts pairs published from its start to the next one's start (or the end). */
  bounces: {
    kind: BounceKind;
    target: string;
    startedMs: number;
    endedMs: number | null;
    /** Streams that were open when it began, and how many of these it cut. Null in results from before they were counted. */
    open: number | null;
    cut: number | null;
    lost: number;
    reconnects: number;
  }[];
  load: {
    offeredEventsPerSecond: number;
    achievedEventsPerSecond: number;
    engineLagMs: { p99: number; max: number } | null;
    /** Null where nobody could look. */
    cpuSeconds: number | null;
    rssBytes: number | null;
  };
  /** What played Supabase Realtime, and how. Null for a topology without it. */
  realtime: RealtimeFacts | null;
  /**
   * Latency of the delivered pairs in two parts, where events tell when they were handed to the broker (`sentMs`): `waitedMs` from the actual
   * publish time until then, `carriedMs` from then until the read. Null without samples.
   */
  brokerHop: { waitedMs: HopFigures; carriedMs: HopFigures } | null;
  /** What the broker's limits did to streams, sessions and events. Null where none did anything. */
  quota: QuotaFigures | null;
  /** What each part of the deployment used from load-started to drain-started. Empty when nothing was read. */
  costs: PartCost[];
}

export interface QuotaFigures {
  /** Sessions that never got on: the last answer to them was a refusal for a limit. */
  neverAdmitted: number;
  /** Attempts at a stream that were refused for a limit, of these sessions and of others. */
  refusedAttempts: number;
  /** Streams that the broker ended for a limit. */
  cutStreams: number;
  /** Events that publishers gave up for a limit, arrived or not. */
  droppedEvents: number;
  /** Longest time for which a publisher had to hold events back for a limit: whatever arrived of them is late by it. */
  heldBackMs: number;
  /** What the broker said when it refused or ended a stream, each once, by name. */
  words: string[];
}

export interface HopFigures {
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

export interface PartCost {
  part: string;
  role: "server" | "router" | "broker";
  source: "cgroup" | "procfs";
  /** Over all its incarnations. What an incarnation used after its last reading is not in it. */
  cpuSeconds: number;
  /** Anonymous resident memory: at the first reading, and the highest of any. */
  memoryBytes: { first: number; peak: number };
  /** Kernel memory of its sockets. Null where the host does not account for it. */
  socketMemoryBytes: { first: number; peak: number } | null;
  receivedBytes: number | null;
  sentBytes: number | null;
}
