/**
 * The parts of a run's result that carry over to another run length, rate and size. Milliseconds
 * or seconds, as the names say.
 */

import type { Cause, WithoutLedger } from "../history/observation.ts";
import type { MissedPlace } from "./judge/counts.ts";

/** Percentiles of durations, milliseconds. */
export interface Durations {
  samples: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

export interface LatencyFigures extends Durations {
  /**
   * False if the engine's own lag (p99) exceeds half of this figure's p99, so that the percentiles
   * show the engine.
   */
  resolved: boolean;
  /**
   * The clock error, milliseconds: no percentile is below it, and one that equals it means "at
   * most". 0 if engine and instances share a clock.
   */
  floorMs: number;
}

/** Of pairs that were intended in the measured phase. */
export interface LatencyParts {
  /** From the intended publish time to the read, for delivered pairs. */
  total: LatencyFigures;
  /** From the intended to the actual publish time, for all published pairs: timers, and load. */
  lateness: LatencyFigures;
  /**
   * From the actual publish time to the read, for delivered pairs: what the topology adds, and the
   * engine's lag.
   */
  delivery: LatencyFigures;
}

/** What new users met while a bounce was under way, and otherwise. */
export interface NewUserFigures {
  during: StepFigures;
  /** In the measured phase, or from the start of the load in an older history. */
  outside: StepFigures;
}

export type Step = "create" | "connect" | "start" | "gate";
export type StepFigures = Record<Step | "begin", Requests>;

/**
 * One step of new users; `connect` is a session's first stream, `begin` the whole way from the
 * planned arrival to the start of the pipeline. A step belongs to the time of its first attempt.
 */
export interface Requests {
  /** Users who took this step. */
  count: number;
  /** Those who never got through. */
  failed: number;
  /** Attempts after the first one. */
  retries: number;
  /** From the first attempt to success. Null without success, or without times of sending. */
  durationMs: Durations | null;
}

/** What one deploy (all bounces of the run) did. */
export interface DeployFigures {
  /** From the first bounce's start to the last one's end, seconds. Null without an end. */
  lengthS: number | null;
  /** Pipelines that ran when it began. */
  running: number;
  /** Those of them that died or were aborted because of it. */
  killed: number;
  /** Pipelines that began during it and died of it. */
  killedNewcomers: number;
  /**
   * Pipelines, newcomers included, whose plan went on beyond the end of their instance, and those
   * of them that died. `graceS`: from the bounce to that end, a mean in seconds. Null in summaries
   * of older versions.
   */
  outlasting: { pipelines: number; killed: number; graceS: number } | null;
  /** Streams open when it began. */
  open: number;
  /**
   * Those of `open` that had no route to their pipeline before: a bounce takes nothing from them,
   * so `blackoutS` and `stuckLivedOn` leave them out.
   */
  dark: number;
  /**
   * Seconds of published events that one stream of `open` lost since the deploy began: events
   * published and not received, over the rate. `doomed`: the pipeline died with the deploy anyway.
   */
  blackoutS: { livedOn: Spread; doomed: Spread };
  /** Streams whose pipeline outlived the deploy: all, and those that lost their terminal event. */
  stuckLivedOn: { stuck: number; of: number };
  away: {
    /** Cuts. A stream that is cut again on its new instance counts again. */
    cut: number;
    /** Cut streams whose client had no stream again until the drain ended. */
    neverBack: number;
    /** Null: no stream was cut, or the percentile falls on a client that was never back. */
    p50Ms: number | null;
    p99Ms: number | null;
  };
  storm: {
    /** Most attempts sent within one second. */
    peakPerSecond: number;
    /** The same over `away.cut`. Null if no stream was cut. */
    peakPerCutStream: number | null;
    /**
     * Attempts sent in each quarter of a second from the start of the deploy on, up to the last
     * one, for a minute at most.
     */
    curve: number[];
  };
  /** Streams cut while the deploy bounced something else than what they hung on. */
  collateral: number;
  /**
   * Without a ledger, nothing tells which pipelines ran or died, so the figures above that need
   * them count nothing. Of the streams that received events until the deploy began: the events that
   * each missed since, and how many never saw a terminal event. A gap into which the beginning
   * falls counts. Null with ledgers.
   */
  withoutLedger: { missed: Spread; stuck: number; of: number } | null;
}

/** What arrived at planned sessions of a service without a ledger, and what its events tell. */
export interface ArrivalFigures extends WithoutLedger {
  /** The missed pairs, by where the series that they belong to lies. */
  missedIn: Record<MissedPlace, number>;
  /** Duplicates included. */
  events: number;
  perSession: Spread;
  /**
   * Each session's longest time without an event: from its first stream to the end of its work, or
   * to the start of the drain if no end came. Null if no session had a stream.
   */
  silenceMs: Durations | null;
}

/** One step of a migration, from its start to the start of the next one. */
export interface MigrationStepFigures {
  name: string;
  /** From load-started, milliseconds. `endedMs`: when it was carried out; null if it failed. */
  startedMs: number;
  endedMs: number | null;
  allowedCauses: Cause[];
  /**
   * Pairs by the time of their publication; if they were never published, by the end of their
   * pipeline.
   */
  due: number;
  delivered: number;
  recovered: number;
  lost: number;
  neverPublished: number;
  missed: number;
  indeterminate: number;
  /** Causes without a loss are left out. */
  lostByCause: Partial<Record<Cause, number>>;
  /** Events that were published, and those of them that went through the broker. */
  published: number;
  overBroker: number;
  /** Failed attempts: a client repeats most of them. */
  failed: { requests: number; streams: number };
  /** Streams that ended without their client's will. */
  cut: number;
  /** From the publication to the read, of delivered pairs. */
  deliveryMs: Durations | null;
}

/** A mean over streams. Blackouts of all streams: their mean times `streams`. */
export interface Spread {
  streams: number;
  mean: number;
  /** Standard deviation of a single stream. 0 for fewer than two streams. */
  deviation: number;
}

/** The measured phase until the first bounce. */
export interface SteadyFigures {
  streamHours: number;
  /** Lost events. */
  lost: number;
  /** Gaps: an unbroken series of lost events of one session counts once. */
  incidents: number;
  lossesPerStreamHour: number;
  incidentsPerStreamHour: number;
  /**
   * One-sided 95 % bound (Poisson, Byar's approximation): a run without any incident does not prove
   * that there are none.
   */
  incidentsPerStreamHourAtMost: number;
}

/** Sessions without their terminal event, each once. Adds up to `stuckStreams`. */
export interface StuckReasons {
  /** The pipeline died with its instance or was aborted: no broker could mend that. */
  died: number;
  /** The terminal event was published and did not arrive: a broker with replay mends that. */
  terminalLost: number;
  /** The client model gave up after a refused stream, though the pipeline lived on. */
  gaveUp: number;
  /** The pipeline never started. */
  neverStarted: number;
  /** The pipeline still ran at the end, stood at a gate, or its ledger is incomplete. */
  open: number;
  /** Without a ledger, nothing tells whether its pipeline died or its terminal event was lost. */
  untold: number;
}

/** How busy the harness's host was in the measured phase, as shares of its CPU time. */
export interface HostFigures {
  busyShare: { p50: number; max: number };
  stealShare: { p50: number; max: number };
  /** Null if the kernel has no pressure accounts. */
  pressureShare: { p50: number; max: number } | null;
}

/**
 * What a component used while the streams were up: between two readings of the measured phase,
 * before the first bounce.
 */
export interface SteadyCost {
  /** Between the two readings. */
  seconds: number;
  /** Mean number of streams open in that time. */
  streams: number;
  /** CPU seconds per second. */
  cores: number;
  receivedBytesPerSecond: number | null;
  sentBytesPerSecond: number | null;
}
