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

/** Takes durations, milliseconds. What it makes of them is its owner's affair. */
export interface DurationSink {
  record(ms: number): void;
}

/** What is measured of pairs; see the fields of {@link Counts}. */
export type DurationName = "latency" | "waited" | "carried" | "lateness";

/**
 * The run's counts, added to session by session. Whoever counts brings what keeps the durations: the k6 scripts have k6's metrics for
 * that, and cannot take the histogram's package with them.
 */
export class Counts<Durations extends DurationSink = DurationSink> {
  /** Sessions of the plan. */
  sessions = 0;
  neverConnected = 0;
  neverStarted = 0;
  /** Whose client model gave up for good. */
  gaveUp = 0;
  /** Cut, and not back although there was time. */
  neverCameBack = 0;
  /** Sessions without a pipeline, by the status of the refusal. */
  readonly refusedBy = new Map<number, number>();
  /** Sessions whose pipeline did not start, or not in time to end, because a limit of the broker kept them from a stream. */
  overQuota = 0;
  /** Of those, the ones that never had a stream. */
  neverAdmitted = 0;
  /** Sessions without a pipeline, because nothing answered them during or after a bounce. */
  keptFromStarting = 0;
  /** Pipelines of which several instances say that they started them. */
  startedTwice = 0;
  stuckStreams = 0;
  /** Stuck although everything due to them arrived: their terminal event is not among it. */
  stuckWithoutMiss = 0;

  due = 0;
  /** Due pairs of the plan; the rest of `due` was published beyond it. */
  planned = 0;
  readonly outcomes: Record<Outcome, number> = zeros(OUTCOMES);
  readonly lostByCause: Record<Cause, number> = zeros(CAUSES);
  /** Publication times of the lost pairs. */
  readonly lostAtMs: number[] = [];
  readonly neverPublishedBy: Record<FinalReason, number> = zeros(FINAL_REASONS);
  /** Of those `at-gate`: pairs behind gates whose stall no promise excuses. */
  stalledAgainstPromise = 0;
  /** `limited`: not known for the same reasons, but behind a limit of the broker, so that a longer drain would not tell either. */
  readonly indeterminateBy = zeros(["unrecorded", "running", "late", "limited"]);

  duplicated = 0;
  reordered = 0;
  unexpected = 0;
  /** Of those: events that are none of a run, by name. */
  readonly strays = new Map<string, number>();
  /** Received outside the plan, while a ledger that could confirm it is not whole. */
  unconfirmed = 0;

  /** Publications in all ledgers, due or not. */
  published = 0;
  plannedPublished = 0;
  /** Planned pairs published between load-started and drain-started. */
  publishedUnderLoad = 0;
  receivedEarly = { count: 0, worstMs: 0 };
  /** From the intended publish time to the read, of delivered pairs. */
  readonly latency: Durations;
  /** Latency's part from the publication until the event was handed to the broker, and from then on, where events tell it. */
  readonly waited: Durations;
  readonly carried: Durations;
  /** How late behind its own plan the publisher was. */
  readonly lateness: Durations;
  readonly contradictions = new Contradictions();

  constructor(createDurations: (name: DurationName) => Durations) {
    this.latency = createDurations("latency");
    this.waited = createDurations("waited");
    this.carried = createDurations("carried");
    this.lateness = createDurations("lateness");
  }
}
