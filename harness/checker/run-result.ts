/**
 * The checker's result for one run. Becomes `runs[]` of summary.json (design: section 7), field by
 * field.
 */
import type { BounceKind, Cause, RealtimeFacts } from "../history/observation.ts";
import type {
  ArrivalFigures,
  DeployFigures,
  Durations,
  HostFigures,
  LatencyParts,
  MigrationStepFigures,
  NewUserFigures,
  SteadyCost,
  SteadyFigures,
  StuckReasons,
} from "./run-figures.ts";

export type Verdict = "valid" | "invalid" | "unknown";

export interface RunResult {
  topology: string;
  bounce: BounceKind;
  repeat: number;
  /** 1-based place of the run in its comparison. Null in older histories. */
  order: number | null;
  verdict: Verdict;
  /** The promise that the verdict refers to, one sentence. */
  expectation: string;
  /** Set-up notes, then reasons for the verdict and remarks. May be empty if valid. */
  reasons: string[];
  sessions: number;
  due: number;
  delivered: number;
  recovered: number;
  lost: number;
  neverPublished: number;
  /** Never arrived; without a ledger nothing tells whether it was lost or never published. */
  missed: number;
  indeterminate: number;
  duplicated: number;
  reordered: number;
  unexpected: number;
  /** lost / (delivered + recovered + lost): of what was published. 0 if nothing was. */
  lossRatio: number;
  /** (due - delivered - recovered) / due. */
  missedRatio: number;
  lostByCause: Record<Cause, number>;
  /** Null with ledgers. */
  withoutLedger: ArrivalFigures | null;
  stuckStreams: number;
  /** Null in results older than this split, as every other figure that may be null. */
  stuck: StuckReasons | null;
  gates: { offered: number; answered: number; reachedPipeline: number; stalled: number };
  /** From the intended publish time to the read, delivered pairs only. Null without samples. */
  latencyMs: { p50: number; p90: number; p99: number; p999: number; max: number } | null;
  /** The same with its parts. Null without samples. */
  latency: LatencyParts | null;
  /** From the publication to the read, for recovered pairs: how stale a replay was. */
  recoveredDelayMs: Durations | null;
  /** Null without arrivals. */
  newUsers: NewUserFigures | null;
  /** Null without a bounce. */
  deploy: DeployFigures | null;
  /** Null without streams. */
  steady: SteadyFigures | null;
  reconnects: {
    count: number;
    /** From `disconnected` to the next `connected`. Null without a reconnect. */
    downtimeMs: { p50: number; p99: number; max: number } | null;
    /**
     * From the start of the bounce that cut a stream until 95 % / 100 % of the cut streams were
     * back. Null if fewer ever came back, or none was cut.
     */
    timeTo95Ms: number | null;
    timeTo100Ms: number | null;
    /** Most connection attempts within one second. */
    peakPerSecond: number;
  };
  /**
   * A created session's requests and streams that reached the same instance as their predecessor.
   */
  affinity: { hitRatio: number | null; misroutes: number };
  /** Streams per instance: by each session's first connection, and by its last. */
  sessionsPerInstance: Record<string, { first: number; last: number }>;
  /**
   * Times are relative to load-started. `lost` counts pairs published from its start to the next
   * one's start (or the end).
   */
  bounces: {
    kind: BounceKind;
    target: string;
    startedMs: number;
    endedMs: number | null;
    /**
     * Streams open when it began, and how many of these it cut. Null in results older than this
     * count.
     */
    open: number | null;
    cut: number | null;
    lost: number;
    reconnects: number;
  }[];
  /** The steps of a migration, with the time before the first. Null without any. */
  steps: MigrationStepFigures[] | null;
  load: {
    offeredEventsPerSecond: number;
    achievedEventsPerSecond: number;
    engineLagMs: { p99: number; max: number } | null;
    /** Null if unknown. */
    cpuSeconds: number | null;
    rssBytes: number | null;
    /** Null without samples. */
    host: HostFigures | null;
  };
  /** The Realtime implementation and its settings. Null for a topology without it. */
  realtime: RealtimeFacts | null;
  /**
   * Latency of the delivered pairs in two parts, split at the hand-over to the broker (`sentMs`):
   * `waitedMs` from the actual publish time until then, `carriedMs` from then until the read. Null
   * without samples.
   */
  brokerHop: { waitedMs: HopFigures; carriedMs: HopFigures } | null;
  /** What the broker's limits did to streams, sessions and events. Null if they did nothing. */
  quota: QuotaFigures | null;
  /** What each component used from load-started to drain-started. Empty if nothing was read. */
  costs: PartCost[];
}

export interface QuotaFigures {
  /** Sessions that never got a stream: their last answer was a refusal by a limit. */
  neverAdmitted: number;
  /** Connection attempts, of any session, that a limit refused. */
  refusedAttempts: number;
  /** Streams that a limit ended. */
  cutStreams: number;
  /** Events that publishers dropped because of a limit, arrived or not. */
  droppedEvents: number;
  /** The longest time that a limit made a publisher hold events back: those events arrive late. */
  heldBackMs: number;
  /** The broker's messages when it refused or ended a stream, each once, sorted. */
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
  /** Over all incarnations, without usage after an incarnation's last reading. */
  cpuSeconds: number;
  /** Anonymous resident memory: at the first reading, and the highest. */
  memoryBytes: { first: number; peak: number };
  /** Kernel memory of its sockets. Null if the host does not account for it. */
  socketMemoryBytes: { first: number; peak: number } | null;
  receivedBytes: number | null;
  sentBytes: number | null;
  /** Null without two readings at least a second apart in that time, or without streams. */
  steady: SteadyCost | null;
}
