import type { Cause } from "../../history/observation.ts";
import { valueAt } from "../records/numeric-column.ts";
import { causeOf, orStartedTwice } from "./cause.ts";
import { countReordered, isLateByBounce, isRecorded, isUnderLoad } from "./epoch-facts.ts";
import { stallIsExcused } from "./gates.ts";
import {
  highestByConnection,
  instanceIdOf,
  dropsByNumber,
  instancesThatStarted,
  joinPairs,
  routeOf,
  sentMsOf,
  type DropReason,
  type EpochRecord,
} from "../records/epoch-record.ts";
import {
  outcomeOfMissed,
  outcomeOfReceived,
  outcomeOfUnpublished,
  type Outcome,
} from "./outcome.ts";
import {
  lastObstacle,
  unpublishedReason,
  wasKeptByBounce,
  type UnpublishedReason,
} from "./unpublished-reason.ts";
import type { RunContext } from "../records/run-context.ts";
import type { Counts } from "./counts.ts";
import type { OnPair } from "./judged-pair.ts";
import type { SessionFacts } from "./session-facts.ts";
import { CLOCK_TOLERANCE_MS, LATE_PUBLISH_MS, NOTICE_MS } from "../thresholds.ts";

/** Judges the pairs of one epoch of one session and adds them to the counts. */
export class EpochJudge {
  readonly #facts: SessionFacts;
  readonly #epoch: EpochRecord;
  readonly #plannedEvents: number;
  readonly #context: RunContext;
  readonly #counts: Counts;
  readonly #onPair: OnPair | undefined;
  /** Times of the live deliveries, in the order of their numbers. */
  readonly #deliveredAtMs: number[] = [];
  #missed = 0;
  #lost = 0;
  /** True while the published events so far end with a lost one. */
  #inGap = false;
  // Few epochs need these, so they are computed on demand.
  #reason: UnpublishedReason | undefined;
  #recorded: boolean | undefined;
  #kept: boolean | undefined;
  #highest: ReadonlyMap<number, number> | undefined;
  #drops: ReadonlyMap<number, DropReason> | undefined;

  constructor(
    facts: SessionFacts,
    epoch: EpochRecord,
    plannedEvents: number,
    context: RunContext,
    counts: Counts,
    onPair?: OnPair,
  ) {
    this.#facts = facts;
    this.#epoch = epoch;
    this.#plannedEvents = plannedEvents;
    this.#context = context;
    this.#counts = counts;
    this.#onPair = onPair;
  }

  /** @returns how many of the due pairs did not arrive. */
  judge(): number {
    this.#counts.published += this.#epoch.published.seq.length;
    const twice = instancesThatStarted(this.#epoch).size > 1;
    if (twice) this.#counts.startedTwice++;
    joinPairs(this.#epoch, this.#plannedEvents, (seq, published, received, receipts, onStream) => {
      this.#counts.addReceipts(receipts, onStream, twice);
      this.#judgePair(seq, published, received);
    });
    this.#counts.reordered += countReordered(this.#deliveredAtMs);
    return this.#missed;
  }

  #judgePair(seq: number, publication: number, receipt: number): void {
    const counts = this.#counts;
    const { published } = this.#epoch;
    const planned = this.#isPlanned(seq);
    const publishedMs = publication === -1 ? null : valueAt(published.atMs, publication);
    if (receipt !== -1) this.#checkReceipt(publishedMs, receipt, planned);
    if (!planned && !this.#isExtra(publishedMs)) return;

    counts.due++;
    if (planned) counts.planned++;
    if (publishedMs !== null) {
      const intendedMs = valueAt(published.intendedMs, publication);
      if (this.#isMeasured(intendedMs) && !isLateByBounce(this.#epoch, publication, this.#context))
        counts.lateness.record(publishedMs - intendedMs);
      if (planned) {
        const underLoad = isUnderLoad(publishedMs, this.#context);
        if (underLoad) counts.publishedUnderLoad++;
        // A session that a limit or a bounce delayed does not show a slow publisher.
        if (underLoad || !this.#isHeldUp()) counts.plannedPublished++;
      }
    }
    if (receipt !== -1) {
      const outcome = this.#arrive(publishedMs, publication, receipt);
      this.#settle(seq, publishedMs, outcome, null, receipt);
    } else if (publishedMs !== null) this.#miss(seq, publishedMs, publication);
    else this.#settle(seq, null, this.#missUnpublished());
  }

  #settle(
    seq: number,
    publishedMs: number | null,
    outcome: Outcome,
    cause: Cause | null = null,
    receipt = -1,
  ): void {
    this.#counts.outcomes[outcome]++;
    if (outcome !== "lost") this.#inGap = false;
    if (this.#onPair === undefined) return;
    const { epoch, received } = this.#epoch;
    this.#onPair({
      session: this.#facts.session.name,
      epoch,
      seq,
      planned: this.#isPlanned(seq),
      outcome,
      cause,
      publishedMs,
      receivedMs: receipt === -1 ? null : valueAt(received.atMs, receipt),
    });
  }

  #isPlanned(seq: number): boolean {
    return seq >= 1 && seq <= this.#plannedEvents;
  }

  #isExtra(publishedMs: number | null): boolean {
    const { fromMs, toMs } = this.#facts.window;
    return publishedMs !== null && publishedMs >= fromMs && publishedMs <= toMs;
  }

  #arrive(publishedMs: number | null, publication: number, receipt: number): Outcome {
    const { published, received } = this.#epoch;
    const connection = this.#facts.byNumber.get(valueAt(received.connection, receipt));
    const sentMs = sentMsOf(this.#epoch, receipt);
    const outcome = outcomeOfReceived(publishedMs, connection, sentMs);
    const receivedMs = valueAt(received.atMs, receipt);
    if (publishedMs !== null) this.#tellLight(publishedMs, false);
    if (outcome === "recovered") {
      if (publishedMs !== null) this.#counts.recoveredDelay.record(receivedMs - publishedMs);
      return outcome;
    }
    this.#deliveredAtMs.push(receivedMs);
    if (publishedMs === null) return outcome;
    const intendedMs = valueAt(published.intendedMs, publication);
    if (this.#isMeasured(intendedMs)) {
      this.#counts.latency.record(receivedMs - intendedMs);
      this.#counts.delivery.record(receivedMs - publishedMs);
      if (sentMs !== null) {
        this.#counts.waited.record(sentMs - publishedMs);
        this.#counts.carried.record(receivedMs - sentMs);
      }
    }
    return outcome;
  }

  #isMeasured(intendedMs: number): boolean {
    return intendedMs >= (this.#context.measuredMs ?? -Infinity);
  }

  /** Notes whether the session's last event before the first bounce had a route. */
  #tellLight(publishedMs: number, hadNoRoute: boolean): void {
    if (publishedMs >= (this.#context.deployStartMs ?? -Infinity)) return;
    const { name } = this.#facts.session;
    if (hadNoRoute) this.#counts.dark.add(name);
    else this.#counts.dark.delete(name);
  }

  #miss(seq: number, publishedMs: number, publication: number): void {
    const { streams } = this.#facts;
    this.#missed++;
    const outcome = outcomeOfMissed(publishedMs, streams, this.#context);
    const source = valueAt(this.#epoch.published.source, publication);
    const publisher = this.#context.instances.name(instanceIdOf(source));
    if (outcome === "indeterminate") {
      const isHeldUp =
        this.#isHeldUp() ||
        this.#context.facts.brokerLimitedWithin(publisher, publishedMs, publishedMs + NOTICE_MS);
      this.#counts.indeterminateBy[isHeldUp ? "heldUp" : "late"]++;
      this.#settle(seq, publishedMs, outcome);
      return;
    }
    const highest = (this.#highest = this.#highest ?? highestByConnection(this.#epoch));
    if (this.#isOwed(seq, highest)) {
      this.#counts.indeterminateBy.owed++;
      this.#settle(seq, publishedMs, "indeterminate");
      return;
    }
    const found = causeOf(
      {
        seq,
        publishedMs,
        publisher,
        route: routeOf(source),
        dropped: (this.#drops = this.#drops ?? dropsByNumber(this.#epoch)).get(seq),
        declared: this.#facts.session.gaps.find(({ atMs }) => atMs >= publishedMs)?.reason,
        streams,
        highestReceivedOn: (connection) => highest.get(connection) ?? 0,
      },
      this.#context,
    );
    if (found === "unexplained" && this.#mayBeOvertaken(publishedMs)) {
      this.#counts.indeterminateBy.overtaken++;
      this.#settle(seq, publishedMs, "indeterminate");
      return;
    }
    const cause = orStartedTwice(found, this.#epoch);
    this.#lost++;
    this.#counts.addLost(this.#facts.session.name, cause, publishedMs);
    this.#tellLight(publishedMs, cause === "no-route");
    if (!this.#inGap) this.#counts.incidentsAtMs.push(publishedMs);
    this.#inGap = true;
    this.#settle(seq, publishedMs, outcome, cause);
  }

  /** True if the client could still ask for a replay from the last event that it has. */
  #isOwed(seq: number, highest: ReadonlyMap<number, number>): boolean {
    return (
      this.#context.canReplay && this.#facts.mayComeBack && seq > Math.max(0, ...highest.values())
    );
  }

  /** True if the client itself left so soon after the publication that it could come late. */
  #mayBeOvertaken(publishedMs: number): boolean {
    const stream = this.#facts.streams.at(publishedMs);
    return stream?.endReason === "finished" && stream.endedMs <= publishedMs + LATE_PUBLISH_MS;
  }

  #missUnpublished(): Outcome {
    const counts = this.#counts;
    this.#missed++;
    const reason = (this.#reason = this.#reason ?? this.#findReason());
    if (reason === "running" && this.#isHeldUp()) counts.indeterminateBy.heldUp++;
    else if (reason === "unrecorded" || reason === "running") counts.indeterminateBy[reason]++;
    else counts.neverPublishedBy[reason]++;
    // Pairs come in rising order, so the gate's own event has been judged by now.
    if (
      reason === "at-gate" &&
      !stallIsExcused(this.#facts.session, this.#lost > 0, this.#context)
    ) {
      counts.stalledAgainstPromise++;
    }
    return outcomeOfUnpublished(reason);
  }

  /**
   * True if a limit delayed the session or ended its stream for good: a longer drain would show no
   * more of it.
   */
  #isHeldUp(): boolean {
    const { delayedByLimit, session, streams } = this.#facts;
    if (delayedByLimit || streams.all.at(-1)?.endReason === "quota") return true;
    this.#kept = this.#kept ?? wasKeptByBounce(session, this.#epoch, this.#context);
    return this.#kept;
  }

  #findReason(): UnpublishedReason {
    const { session } = this.#facts;
    const reason = unpublishedReason(session, this.#epoch, this.#context);
    if (reason === "kept-from-starting") this.#counts.keptFromStarting++;
    if (reason === "over-quota") {
      this.#counts.overQuota++;
      if (session.connected.size === 0) this.#counts.neverAdmitted++;
    }
    if (reason === "refused") {
      const { refusedBy } = this.#counts;
      const status = lastObstacle(session, this.#context)?.status ?? 0;
      refusedBy.set(status, (refusedBy.get(status) ?? 0) + 1);
    }
    return reason;
  }

  #checkReceipt(publishedMs: number | null, receipt: number, planned: boolean): void {
    const counts = this.#counts;
    const { received } = this.#epoch;
    const connection = valueAt(received.connection, receipt);
    if (!this.#facts.byNumber.has(connection)) {
      const { name } = this.#facts.session;
      counts.contradictions.add(
        `${name} received on its connection ${connection}, which was never confirmed`,
      );
    }
    if (publishedMs === null) {
      this.#recorded = this.#recorded ?? isRecorded(this.#epoch, this.#context);
      if (this.#recorded) counts.unexpected++;
      else if (!planned) counts.unconfirmed++;
      return;
    }
    const earlyMs = publishedMs - valueAt(received.atMs, receipt);
    if (earlyMs <= CLOCK_TOLERANCE_MS) return;
    counts.receivedEarly.count++;
    counts.receivedEarly.worstMs = Math.max(counts.receivedEarly.worstMs, earlyMs);
  }
}
