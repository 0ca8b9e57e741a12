import { CAUSES, type Cause } from "../../history/observation.ts";
import { Contradictions } from "../records/session-record.ts";
import { OUTCOMES, type Outcome } from "./outcome.ts";
import type { FinalReason } from "./unpublished-reason.ts";

const zeros = <K extends string>(keys: readonly K[]): Record<K, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;

const FINAL_REASONS = [
  "refused",
  "over-quota",
  "kept-from-starting",
  "never-started",
  "aborted",
  "died",
  "at-gate",
  "completed-without",
] as const satisfies readonly FinalReason[];

/**
 * Where a series of missed events lies. `never-connected`: the session had no stream;
 * `nothing-arrived`: it had, and no event came; `on-a-stream`: between two events of one stream;
 * `at-a-reconnect`: between events of different streams; `after-last`: no later event came.
 */
export const MISSED_PLACES = [
  "never-connected",
  "nothing-arrived",
  "on-a-stream",
  "at-a-reconnect",
  "after-last",
] as const;
export type MissedPlace = (typeof MISSED_PLACES)[number];

/** An unbroken series of missed events, and when the events around it arrived. */
export interface MissedSeries {
  beforeMs: number | null;
  afterMs: number | null;
  count: number;
}

/** Collects durations, milliseconds. */
export interface DurationSink {
  record(ms: number): void;
}

/** The durations of pairs; see the fields of {@link Counts}. */
export type DurationName =
  "latency" | "delivery" | "recoveredDelay" | "waited" | "carried" | "lateness";

/**
 * The run's counts, which grow session by session. The caller supplies the sink for durations: k6
 * scripts use k6's metrics and cannot bundle the histogram package.
 */
export class Counts<Durations extends DurationSink = DurationSink> {
  /** Sessions of the plan. */
  sessions = 0;
  neverConnected = 0;
  neverStarted = 0;
  /** Sessions whose client model gave up for good. */
  gaveUp = 0;
  /** Sessions that were cut and did not come back although there was time. */
  neverCameBack = 0;
  /** Sessions without a pipeline, by the status of the refusal. */
  readonly refusedBy = new Map<number, number>();
  /**
   * Sessions that a limit of the broker kept from a stream, so that their pipeline never or too
   * late started.
   */
  overQuota = 0;
  /** Those of them that never had a stream. */
  neverAdmitted = 0;
  /** Sessions without a pipeline because no server answered them during or after a bounce. */
  keptFromStarting = 0;
  /** Pipelines that several instances started. */
  startedTwice = 0;
  stuckStreams = 0;
  /** Stuck although all their due events arrived: none was terminal. */
  stuckWithoutMiss = 0;

  due = 0;
  /** Due pairs of the plan; the rest of `due` was published beyond the plan. */
  planned = 0;
  readonly outcomes: Record<Outcome, number> = zeros(OUTCOMES);
  readonly lostByCause: Record<Cause, number> = zeros(CAUSES);
  /** Publication times of the lost pairs, by session. */
  readonly lostAtMs = new Map<string, number[]>();
  /** The same by cause. */
  readonly lostAtMsByCause: Partial<Record<Cause, number[]>> = {};
  /** Publication times of the first pair of each unbroken series of lost ones. */
  readonly incidentsAtMs: number[] = [];
  /** Sessions whose last event before the first bounce had no route. */
  readonly dark = new Set<string>();
  readonly neverPublishedBy: Record<FinalReason, number> = zeros(FINAL_REASONS);
  /** The `at-gate` pairs behind gates whose stall the promise does not allow. */
  stalledAgainstPromise = 0;
  /**
   * `heldUp`: held up by a limit of the broker or by a bounce, so that a longer drain would not
   * decide them either. `owed`: the client was away at the end of the drain, and a replay could
   * still bring them. `overtaken`: the client left at the terminal event, which may have overtaken
   * them.
   */
  readonly indeterminateBy = zeros([
    "unrecorded",
    "running",
    "late",
    "heldUp",
    "owed",
    "overtaken",
  ]);

  /** Without a ledger: the missed pairs by place, and their series by session. */
  readonly missedIn: Record<MissedPlace, number> = zeros(MISSED_PLACES);
  readonly missedSeries = new Map<string, MissedSeries[]>();
  /** Sessions without a ledger whose events still arrived when the drain ended. */
  stillReceiving = 0;
  /** Sessions without a ledger that had a stream on which no event came. */
  nothingArrived = 0;

  duplicated = 0;
  /** Those of them that came again on a stream that had brought them. */
  duplicatedOnStream = 0;
  /** Those of pipelines that two instances ran: all, and those on one stream. */
  readonly repeatsOfTwins = { all: 0, onStream: 0 };
  /** Streams cut although no bounce was under way. */
  cutUndisturbed = 0;
  reordered = 0;
  unexpected = 0;
  /** Unexpected events that belong to no pipeline run, by name. */
  readonly strays = new Map<string, number>();
  /** Received outside the plan while a ledger that could confirm it is incomplete. */
  unconfirmed = 0;

  /** Publications in all ledgers, due or not. */
  published = 0;
  plannedPublished = 0;
  /**
   * Planned pairs published between load-started and drain-started. Without a ledger: events that
   * arrived in that time.
   */
  publishedUnderLoad = 0;
  receivedEarly = { count: 0, worstMs: 0 };
  /**
   * From the intended publish time to the read, for delivered pairs that were intended in the
   * measured phase, as all durations here.
   */
  readonly latency: Durations;
  /** From the actual publish time on. */
  readonly delivery: Durations;
  /** From the publication to the read, for recovered pairs of any phase. */
  readonly recoveredDelay: Durations;
  /**
   * The parts of latency before and after the hand-over to the broker, if events carry that time.
   */
  readonly waited: Durations;
  readonly carried: Durations;
  /** The publisher's delay behind its plan. */
  readonly lateness: Durations;
  readonly contradictions = new Contradictions();

  constructor(createDurations: (name: DurationName) => Durations) {
    this.latency = createDurations("latency");
    this.delivery = createDurations("delivery");
    this.recoveredDelay = createDurations("recoveredDelay");
    this.waited = createDurations("waited");
    this.carried = createDurations("carried");
    this.lateness = createDurations("lateness");
  }
  /**
   * Adds the receipts of one event.
   * @param onStream how often it came again on a stream that had brought it
   * @param ofTwins two instances ran its pipeline
   */
  addReceipts(receipts: number, onStream: number, ofTwins: boolean): void {
    const again = Math.max(0, receipts - 1);
    this.duplicated += again;
    this.duplicatedOnStream += onStream;
    if (!ofTwins) return;
    this.repeatsOfTwins.all += again;
    this.repeatsOfTwins.onStream += onStream;
  }

  /** Adds a lost pair by the time of its publication. */
  addLost(session: string, cause: Cause, publishedMs: number): void {
    this.lostByCause[cause]++;
    const ofSession = this.lostAtMs.get(session) ?? [];
    if (ofSession.push(publishedMs) === 1) this.lostAtMs.set(session, ofSession);
    const ofCause = this.lostAtMsByCause[cause] ?? [];
    if (ofCause.push(publishedMs) === 1) this.lostAtMsByCause[cause] = ofCause;
  }
}
